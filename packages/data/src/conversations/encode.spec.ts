import { describe, expect, it } from 'vitest';

import { TINY_TOKENIZER_CONFIG, trainTinyTokenizer } from '../tokenizer/tiny-tokenizer.js';
import { createTokenizer } from '../tokenizer/tokenizer.js';
import { encodeSample } from './encode.js';
import type { Sample } from './sample.js';
import { V1_SYSTEM } from './dialogues.js';
import { renderConversation, renderPrompt } from './templates.js';

const tokenizer = createTokenizer(
  trainTinyTokenizer(['USER: What is it? ASSISTANT: a bus, two cats']),
  TINY_TOKENIZER_CONFIG,
);
const options = { imageTokens: 4, contextTokens: 500 };
const sample: Sample = {
  id: 's',
  image: 'a.png',
  conversations: [
    { from: 'human', value: 'What is it?\n<image>' },
    { from: 'gpt', value: 'a bus' },
    { from: 'human', value: 'And?' },
    { from: 'gpt', value: 'two cats' },
  ],
};

describe('encodeSample', () => {
  it('learns answers and end tokens, nothing else', () => {
    const { ids, labels } = encodeSample(renderConversation(sample, 'v1'), tokenizer, options);
    const learned = [...labels].filter((label) => label !== -100);
    const end = tokenizer.eosId;
    expect(learned).toEqual([...tokenizer.encode(' a bus'), end, ...tokenizer.encode(' two cats'), end]);
    [...labels].forEach((label, at) => expect(label === -100 || label === ids[at]).toBe(true));
  });

  it('writes the dialogue as LLaVA does, the picture first in its turn and the rounds without a space between', () => {
    const { ids, imageSpans } = encodeSample(renderConversation(sample, 'v1'), tokenizer, options);
    expect(tokenizer.decode([...ids])).toBe(
      `${V1_SYSTEM} USER: \nWhat is it? ASSISTANT: a busUSER: And? ASSISTANT: two cats`,
    );
    expect(ids[0]).toBe(tokenizer.bosId);
    expect(imageSpans).toHaveLength(1);
    const [{ start, length } = { start: 0, length: 0 }] = imageSpans;
    expect([...ids.subarray(start, start + length)]).toEqual(Array(4).fill(tokenizer.imageTokenId));
    expect(tokenizer.decode(ids.subarray(0, start) as unknown as number[])).toMatch(/USER: $/);
  });

  it('throws the instruction of a plain sample away and learns the caption with its newline', () => {
    const plain = { ...sample, conversations: sample.conversations.slice(0, 2) };
    const { ids, labels } = encodeSample(renderConversation(plain, 'plain'), tokenizer, options);
    const caption = tokenizer.encode('a bus\n');
    expect([...ids]).toEqual([tokenizer.bosId, ...Array<number>(4).fill(tokenizer.imageTokenId), ...caption]);
    expect([...labels]).toEqual([...Array<number>(5).fill(-100), ...caption]);
  });

  it('renders a prompt that a full conversation starts with', () => {
    const prompt = encodeSample(renderPrompt(sample.conversations.slice(0, 3), 'v1'), tokenizer, options).ids;
    const whole = encodeSample(renderConversation(sample, 'v1'), tokenizer, options).ids;
    expect([...prompt]).toEqual([...whole.subarray(0, prompt.length)]);
  });

  it('refuses samples that are too long, out of order, or hold a stray image token', () => {
    expect(() =>
      encodeSample(renderConversation(sample, 'v1'), tokenizer, { ...options, contextTokens: 20, name: 'sample s' }),
    ).toThrow(/sample s: \d+ tokens \(4 per picture\), but the context is 20/);
    expect(() => renderConversation({ id: 's', conversations: [{ from: 'gpt', value: 'x' }] }, 'v1')).toThrow(
      /turns must alternate/,
    );
    expect(() => renderConversation(sample, 'plain')).toThrow(/exactly 2 turns, got 4/);
    const stray = {
      id: 't',
      conversations: [
        { from: 'human', value: 'say <image>' },
        { from: 'gpt', value: 'x' },
      ],
    } as const;
    expect(() => encodeSample(renderConversation(stray, 'v1'), tokenizer, options)).toThrow(/literal image token/);
  });
});
