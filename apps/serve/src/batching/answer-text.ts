import type { TextStream } from '@llava-ts/data';

/** The text of an answer whose tokens come one at a time, up to the first stop text. */
export interface AnswerText {
  /** @returns what can be shown, and whether the answer goes on: not when a stop text was reached */
  push(id: number): { readonly text: string; readonly goesOn: boolean };
  /** What was held back, when no more tokens come. */
  end(): string;
}

/**
 * Creates an empty text. What could be the beginning of a stop text is held back until it is clear; white space in front of
 * the first word is dropped.
 */
export function createAnswerText(stream: TextStream, stops: readonly string[]): AnswerText {
  let held = '';
  let begun = false;
  let stopped = false;
  const take = (piece: string, last: boolean): string => {
    held += piece;
    if (!begun) held = held.trimStart();
    begun ||= held !== '';
    const places = stops.map((stop) => held.indexOf(stop)).filter((place) => place >= 0);
    stopped = places.length > 0;
    const certain = stopped ? Math.min(...places) : last ? held.length : held.length - openEnd(held, stops);
    const text = held.slice(0, certain);
    held = stopped ? '' : held.slice(certain);
    return text;
  };
  return {
    push(id) {
      if (stopped) return { text: '', goesOn: false };
      const text = take(stream.push(id), false);
      return { text, goesOn: !stopped };
    },
    end: () => (stopped ? '' : take(stream.end(), true)),
  };
}

/** How many characters at the end could be the beginning of a stop text. */
function openEnd(text: string, stops: readonly string[]): number {
  const longest = Math.max(0, ...stops.map(({ length }) => length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (stops.some((stop) => stop.startsWith(end))) return length;
  }
  return 0;
}
