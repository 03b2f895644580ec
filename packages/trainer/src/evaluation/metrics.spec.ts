import { describe, expect, it } from 'vitest';
import { chosenLetter } from './choice.js';
import { normaliseVqaAnswer, vqaAccuracy } from './vqa-accuracy.js';
import { yesNoScores } from './yes-no.js';

describe('VQA accuracy', () => {
  it('compares without case, articles, punctuation, and with numbers as digits', () => {
    expect(normaliseVqaAnswer('The two dogs.')).toBe('2 dogs');
    expect(normaliseVqaAnswer('1,000')).toBe('1000');
    expect(normaliseVqaAnswer('black-and-white')).toBe('black and white');
    expect(normaliseVqaAnswer('dont know')).toBe("don't know");
    expect(normaliseVqaAnswer('2.5 m.')).toBe('2.5 m');
  });

  it('is the mean of min(1, matches / 3) with each person left out once', () => {
    const truths = ['red', 'red', ...Array.from({ length: 8 }, () => 'blue')];
    expect(vqaAccuracy('Red', truths)).toBeCloseTo((2 * (1 / 3) + 8 * (2 / 3)) / 10, 12);
    expect(vqaAccuracy('blue', truths)).toBe(1);
    expect(vqaAccuracy('green', truths)).toBe(0);
    expect(vqaAccuracy('a cat', ['cat'])).toBe(1);
  });
});

it('yes/no scores count hits, false alarms, misses and rejections', () => {
  const pair = (answer: string, truth: string): { answer: string; truth: string } => ({ answer, truth });
  const pairs = [
    pair('Yes, there is.', 'yes'),
    pair('yes', 'yes'),
    pair('Yes', 'no'),
    pair('No.', 'yes'),
    pair('There is not a dog', 'no'),
  ];
  const scores = yesNoScores(pairs);
  expect(scores.accuracy).toBeCloseTo(3 / 5);
  expect([scores.precision, scores.recall, scores.f1].map((score) => score.toFixed(4))).toEqual([
    '0.6667',
    '0.6667',
    '0.6667',
  ]);
  expect(scores.yesShare).toBeCloseTo(3 / 5);
  expect(yesNoScores([]).f1).toBe(0);
});

it('a letter is found where an answer chooses one, and nowhere else', () => {
  expect(['B', 'b)', '(C)', 'D. A dog', 'The answer is A.'].map(chosenLetter)).toEqual(['B', 'B', 'C', 'D', 'A']);
  expect(['A dog', 'Bees', ''].map(chosenLetter)).toEqual([null, null, null]);
});
