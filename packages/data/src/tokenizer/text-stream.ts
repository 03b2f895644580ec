/** Text of ids that come one at a time. */
export interface TextStream {
  /** The text that is certain after one more id; empty while a character is incomplete. */
  push(id: number): string;
  /** What is left, half characters replaced by U+FFFD. */
  end(): string;
}

const REPLACEMENT = '\uFFFD';

/**
 * Decodes a growing list of ids. Each new text is the difference of two decodes that start at the same earlier id, because
 * a token's text depends on what is before it (a leading space is dropped only at the very start).
 */
export function createTextStream(decode: (ids: readonly number[]) => string): TextStream {
  let pending: number[] = [];
  let given = 0; // how many of the pending ids are already given out; they stay as context

  const take = (final: boolean): string => {
    const before = decode(pending.slice(0, given));
    const text = decode(pending);
    if (!final && (text.length <= before.length || text.endsWith(REPLACEMENT))) return '';
    pending = pending.slice(given);
    given = pending.length;
    return text.slice(before.length);
  };

  return {
    push(id) {
      pending.push(id);
      return take(false);
    },
    end: () => take(true),
  };
}
