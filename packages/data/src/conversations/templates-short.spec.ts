import { expect, it } from 'vitest';

import { V1_SYSTEM } from './dialogues.js';
import { renderConversation } from './templates.js';
import type { Sample } from './sample.js';

const sample: Sample = {
  id: 'a',
  image: 'a.png',
  conversations: [
    { from: 'human', value: '<image>\nWhat is it?' },
    { from: 'gpt', value: 'a cat' },
  ],
};

it('v1-short is v1 without the system text', () => {
  const texts = (template: 'v1' | 'v1-short'): string[] =>
    renderConversation(sample, template).flatMap((segment) => (segment.kind === 'text' ? segment.text : []));
  const [first, ...rest] = texts('v1');
  expect(texts('v1-short')).toEqual([first?.replace(`${V1_SYSTEM} `, ''), ...rest]);
  expect(texts('v1-short')[0]).toBe('USER: ');
});
