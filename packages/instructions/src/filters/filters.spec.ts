import { describe, expect, test } from 'vitest';

import { countContradiction } from './counts.js';
import { foreignLanguage } from './language.js';
import { contextLeak } from './leaks.js';
import { createNearDuplicates } from './near-duplicates.js';
import { DEFAULT_FILTERS, pairProblem } from './pair-filters.js';

const boxes = ['dog', 'dog', 'person', 'wine glass'].map((category) => ({ category, box: [0, 0, 1, 1] as const }));

test.each([
  ['As the caption says, a dog runs.', true],
  ['The bounding boxes show two dogs.', true],
  ['According to the description, it is sunny.', true],
  ['The text says that a dog runs.', false], // text in a picture speaks too
  ['It is mentioned in the text.', true],
  ['The text on the sign reads STOP.', false],
  ['A cardboard box stands on the floor.', false],
  ['The dog is at [0.12, 0.30, 0.5, 0.7].', true],
  ['It costs 0.50 euros.', false],
])('%s: gives its source away: %s', (answer, leaks) => {
  expect(contextLeak({ question: 'What?', answer }) !== null).toBe(leaks);
});

describe('countContradiction', () => {
  test.each([
    ['How many dogs are there?', 'There are three dogs.', true],
    ['How many dogs are there?', 'Two.', false],
    ['How many dogs are there?', 'one', true],
    ['How many wine glasses are there?', '2', true],
    ['How many dogs are running?', 'One.', false], // a part of them
    ['What is there?', 'I see 4 dogs and a person.', true],
    ['What is there?', 'A person with one dog on each side.', false],
    ['Is there a dog?', 'No, there is none.', true],
    ['Is there a cat?', 'No, there is none.', false],
    ['What is there?', 'There are three people.', true],
    ['What is there?', 'Five cats.', false], // nothing is known about cats
    ['What is there?', 'A twenty-one dog salute', false],
  ])('%s %s: contradicts two dogs, a person and a wine glass: %s', (question, answer, contradicts) => {
    expect(countContradiction({ question, answer }, boxes) !== null).toBe(contradicts);
  });
});

test('language: a longer text in another one is told, a short one is not judged', () => {
  const german = 'Auf dem Bild sind zwei Hunde zu sehen, die mit einem Ball auf einer grünen Wiese spielen.';
  expect(foreignLanguage(german, 'eng')).toBe('deu');
  expect(
    foreignLanguage('Two dogs are playing with a ball on a green meadow while their owner is watching.', 'eng'),
  ).toBeNull();
  expect(foreignLanguage('Hunde.', 'eng')).toBeNull();
});

test('length is judged by type', () => {
  const pair = { question: 'Describe it.', answer: 'A dog.' };
  expect(pairProblem(pair, 'conversation', [], DEFAULT_FILTERS)).toBeNull();
  expect(pairProblem(pair, 'detail', [], DEFAULT_FILTERS)).toMatchObject({ reason: 'length' });
});

describe('createNearDuplicates', () => {
  const text = (words: number, from = 0): string =>
    Array.from({ length: words }, (_, i) => `word${i + from}`).join(' ');

  test('finds a text with a word changed among many others, and nothing else', () => {
    const finder = createNearDuplicates(0.85);
    for (let at = 0; at < 200; at++) expect(finder.find(`t${at}`, text(60, at * 60))).toBeNull();
    expect(finder.find('again', text(60, 7 * 60).replace('word450', 'other'))).toBe('t7');
    expect(finder.find('half', `${text(30, 8 * 60)} ${text(30, 50_000)}`)).toBeNull();
  });
});
