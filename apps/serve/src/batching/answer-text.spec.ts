import { expect, it } from 'vitest';
import { createAnswerText } from './answer-text.js';

/** The pieces that are shown of pieces that come. */
function shown(pieces: readonly string[], stops: readonly string[]): string[] {
  const stream = { push: (id: number) => pieces[id] ?? '', end: () => '' };
  const text = createAnswerText(stream, stops);
  const out: string[] = [];
  for (const id of pieces.keys()) {
    const piece = text.push(id);
    out.push(piece.text);
    if (!piece.goesOn) return out;
  }
  return [...out, text.end()];
}

it('drops white space in front of the first word only', () => {
  expect(shown([' ', ' a', ' b'], [])).toEqual(['', 'a', ' b', '']);
});

it('ends in front of a stop text, wherever it lies over the pieces, and shows nothing of it', () => {
  expect(shown(['ab', '#', '#', 'c'], ['##'])).toEqual(['ab', '', '']);
  expect(shown(['ab##cd'], ['##'])).toEqual(['ab']);
  expect(shown(['abc', 'def'], ['ef', 'cd'])).toEqual(['ab', '']);
});

it('shows what was held back once it cannot become a stop text', () => {
  expect(shown(['a#', 'b', '#'], ['##'])).toEqual(['a', '#b', '', '#']);
});
