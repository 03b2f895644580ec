import { describe, expect, it } from 'vitest';

import { TINY_TOKENIZER_CONFIG, trainTinyTokenizer } from '../tokenizer/tiny-tokenizer.js';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import { encodeAsLlava } from './encode.js';
import type { TemplateName } from './templates.js';

const tokenizer = createTokenizer(
  trainTinyTokenizer(['Human: Assistant: ASSISTANT: what a bus']),
  TINY_TOKENIZER_CONFIG,
);

function learned(answer: string, template: TemplateName, legacyMask: boolean): string {
  const conversations = [
    { from: 'human', value: 'what' },
    { from: 'gpt', value: answer },
    { from: 'human', value: 'what' },
    { from: 'gpt', value: 'a bus' },
  ] as const;
  const { labels } = encodeAsLlava({ id: 's', conversations }, { template, tokenizer, legacyMask });
  return tokenizer.decode(labels.filter((label) => label !== -100));
}

describe('legacyMask', () => {
  it('learns nothing of v1 when an answer holds the separator, where the segments learn all', () => {
    expect(learned('an ASSISTANT: what', 'v1', true)).toBe('');
    expect(learned('an ASSISTANT: what', 'v1', false)).toBe(' an ASSISTANT: what a bus');
  });

  it('drifts by one token a line for v0, as its begin tokens are counted each time', () => {
    const [legacy, ours] = [learned('a bus', 'v0', true), learned('a bus', 'v0', false)];
    expect(ours).toBe(' a bus\n###  a bus\n### ');
    expect(legacy).not.toBe(ours);
  });

  it('is refused for a template that LLaVA never trained with', () => {
    expect(() => learned('a bus', 'gemma', true)).toThrow(/never trained with template gemma/);
  });
});
