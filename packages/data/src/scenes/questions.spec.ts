import { describe, expect, it } from 'vitest';

import { seededRandom } from '../random.js';
import { composeScene } from './compose.js';
import { sceneQuestions, type SceneQuestion } from './questions.js';
import type { Placement, Scene } from './scene.js';
import { THINGS } from './things.js';

const place = (name: string, left: number, top = 10): Placement => {
  const thing = THINGS.find((candidate) => candidate.name === name)!;
  return { thing, sizePx: 28, box: [left, top, 28, 28] };
};
const scene = (...placements: Placement[]): Scene => ({
  ground: { kind: 'plain', colourName: 'pink', from: [255, 200, 220], to: [255, 200, 220] },
  placements,
});
const answers = (asked: Scene): Record<string, string> =>
  Object.fromEntries(sceneQuestions(asked, seededRandom(1)).map(({ question, answer }) => [question, answer]));

/** The best share of right answers that can be had from the question's text alone. */
function blindShare(questions: readonly SceneQuestion[]): number {
  const counts = new Map<string, Map<string, number>>();
  for (const { question, answer } of questions) {
    const given = counts.get(question) ?? new Map<string, number>();
    counts.set(question, given.set(answer, (given.get(answer) ?? 0) + 1));
  }
  return [...counts.values()].reduce((sum, given) => sum + Math.max(...given.values()), 0) / questions.length;
}

describe('sceneQuestions', () => {
  it('answers from what stands where', () => {
    const asked = scene(place('dog face', 60, 0), place('orange heart', 30, 30), place('sailboat', 0, 60));
    expect(answers(asked)).toMatchObject({
      'What is in the picture?': 'a dog face, an orange heart and a sailboat',
      'What is at the top?': 'a dog face',
      'What is in the middle?': 'an orange heart',
      'What is at the bottom?': 'a sailboat',
      'What colour is the heart?': 'orange',
      'What colour is the background?': 'pink',
      'How many things are there?': 'three',
    });
  });

  it('asks for a colour, and for left and right of a thing, only when the thing is the only one meant', () => {
    const asked = answers(scene(place('red heart', 0), place('blue heart', 50)));
    expect(asked).not.toHaveProperty(['What colour is the heart?']);
    const twice = answers(scene(place('fish', 0), place('fish', 50)));
    expect(twice).toMatchObject({ 'What is in the picture?': 'two fish', 'How many fish are there?': 'two' });
    expect(Object.keys(twice).filter((question) => /of the fish/.test(question))).toEqual([]);
  });

  it('says left and right, yes and no equally often and rightly', () => {
    const asked = scene(place('dog face', 0), place('sailboat', 50));
    const random = seededRandom(5);
    const all = Array.from({ length: 4000 }, () => sceneQuestions(asked, random)).flat();
    const share = (kind: string, answer: string): number => {
      const ofKind = all.filter(
        (question) => question.kind === kind && ['yes', 'no', 'left', 'right'].includes(question.answer),
      );
      return ofKind.filter((question) => question.answer === answer).length / ofKind.length;
    };
    expect(share('presence', 'yes')).toBeCloseTo(0.5, 1);
    expect(share('relation', 'left')).toBeCloseTo(0.5, 1);
    for (const { question, answer } of all) {
      if (question === 'Is the sailboat left or right of the dog face?') expect(answer).toBe('right');
      if (answer === 'no') expect(question).not.toMatch(/dog face|sailboat/);
    }
  });

  it('cannot be guessed without the picture in more than 35 percent of held-out questions', () => {
    const random = seededRandom(7);
    const questions = Array.from(
      { length: 6000 },
      () => sceneQuestions(composeScene(random, { split: 'held-out' }), random)[0]!,
    );
    expect(blindShare(questions)).toBeLessThan(0.35);
  });
});
