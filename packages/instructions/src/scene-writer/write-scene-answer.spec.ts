import { composeScene, sceneBoxes, sceneCaptions, sceneQuestions, seededRandom } from '@llava-ts/data';
import { beforeAll, expect, test } from 'vitest';

import { DEFAULT_FILTERS, pairProblem } from '../filters/pair-filters.js';
import { parseAnswer } from '../parse-answer.js';
import { promptMessages, readPrompts, type PromptSet } from '../prompts.js';
import { RESPONSE_TYPES } from '../response-types.js';
import { writeSceneAnswer } from './write-scene-answer.js';

let prompts: PromptSet;
beforeAll(async () => {
  prompts = await readPrompts();
});

test('what it writes from captions and boxes is in the form asked for and true of the scene it never saw', () => {
  let checked = 0;
  for (let index = 0; index < 300; index++) {
    const random = seededRandom(11, index);
    const scene = composeScene(random, { split: 'train' });
    const boxes = sceneBoxes(scene).map(({ name, box }) => ({ category: name, box }));
    const picture = { id: String(index), image: 'x.png', captions: sceneCaptions(scene, random), boxes };
    const positions = sceneQuestions(scene, random).filter(({ kind }) => kind !== 'presence' && kind !== 'relation');
    const truths = new Map(positions.map(({ question, answer }) => [question, answer]));
    for (const type of RESPONSE_TYPES) {
      const parsed = parseAnswer(type, writeSceneAnswer(promptMessages(prompts, type, picture)) ?? '', 'Describe it.');
      if ('problem' in parsed) throw new Error(`${type}: ${parsed.problem}`);
      for (const pair of parsed.pairs) {
        const truth = truths.get(pair.question);
        if (truth !== undefined) checked += 1;
        if (truth !== undefined) expect(pair.answer, JSON.stringify(picture)).toBe(truth);
        const any = { ...DEFAULT_FILTERS, language: null, minWords: { conversation: 1, detail: 1, reasoning: 1 } };
        expect(pairProblem(pair, type, boxes, any)).toBeNull();
      }
    }
  }
  expect(checked).toBeGreaterThan(800);
});

test('a prompt about anything else has no answer', () => {
  expect(writeSceneAnswer([{ role: 'user', content: 'A dog runs.' }])).toBeNull();
});
