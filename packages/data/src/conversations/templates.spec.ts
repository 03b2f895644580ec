import { describe, expect, it } from 'vitest';

import { V1_SYSTEM } from './dialogues.js';
import type { Sample } from './sample.js';
import type { Segment } from './segments.js';
import { TEMPLATE_NAMES, findTemplate, renderConversation, renderPrompt, type TemplateName } from './templates.js';

const sample: Sample = {
  id: 's',
  image: 'a.png',
  conversations: [
    { from: 'human', value: 'Q1\n<image>' },
    { from: 'gpt', value: 'A1' },
    { from: 'human', value: 'Q2' },
    { from: 'gpt', value: 'A2' },
  ],
};

/** The text, with what is learned between braces. */
function written(segments: readonly Segment[]): string {
  const text = (segment: Segment): string =>
    segment.kind === 'text' ? segment.text : { image: '<image>', begin: '<s>', end: '</s>' }[segment.kind];
  return segments
    .map((segment) => (segment.supervised ? `{${text(segment)}}` : text(segment)))
    .join('')
    .replaceAll('}{', '');
}

const HUMAN = V1_SYSTEM.replaceAll('user', 'human');
const LLAVA =
  'You are a helpful language and vision assistant. You are able to understand the visual content that the user provides, and assist the user with a variety of tasks using natural language.';
const MPT =
  'A conversation between a user and an LLM-based AI assistant. The assistant gives helpful and honest answers.';
const header = (role: string): string => `<|start_header_id|>${role}<|end_header_id|>\n\n`;

// As get_prompt of llava/conversation.py (LLaVA and LLaVA-NeXT) writes them.
const WRITTEN: Readonly<Record<Exclude<TemplateName, 'plain'>, string>> = {
  v0: `<s>${HUMAN}\n\n### Human: <image>\nQ1\n### Assistant:{ A1\n### }Human: Q2\n### Assistant:{ A2\n### }`,
  v1: `<s>${V1_SYSTEM} USER: <image>\nQ1 ASSISTANT:{ A1</s>}USER: Q2 ASSISTANT:{ A2</s>}`,
  'v1-short': '<s>USER: <image>\nQ1 ASSISTANT:{ A1</s>}USER: Q2 ASSISTANT:{ A2</s>}',
  llava_v1: `<s>${HUMAN} USER: <image>\nQ1 ASSISTANT:{ A1</s>}USER: Q2 ASSISTANT:{ A2</s>}`,
  'llama-2': `<s>[INST] <<SYS>>\n${LLAVA}\n<</SYS>>\n\n<image>\nQ1 [/INST]{ A1 </s>}<s>[INST] Q2 [/INST]{ A2 </s>}`,
  'llama-3': `<s>${header('system')}${LLAVA}<|eot_id|>${header('user')}<image>\nQ1<|eot_id|>${header('assistant')}{A1<|eot_id|>}${header('user')}Q2<|eot_id|>${header('assistant')}{A2<|eot_id|>}`,
  mistral: '<s>[INST] <image>\nQ1 [/INST]{ A1 </s>}[INST] Q2 [/INST]{ A2 </s>}',
  mpt: `<s><|im_start|>system\n${MPT}<|im_end|><|im_start|>user\n<image>\nQ1<|im_end|><|im_start|>assistant\n{A1<|im_end|>}<|im_start|>user\nQ2<|im_end|><|im_start|>assistant\n{A2<|im_end|>}`,
  chatml:
    '<s><|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n<image>\nQ1<|im_end|><|im_start|>assistant\n{A1<|im_end|>}<|im_start|>user\nQ2<|im_end|><|im_start|>assistant\n{A2<|im_end|>}',
  qwen: '<s><|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<image>\nQ1<|im_end|>\n<|im_start|>assistant\n{A1<|im_end|>}\n<|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n{A2<|im_end|>}\n',
  gemma:
    '<s><start_of_turn>user\n<image>\nQ1<end_of_turn>\n<start_of_turn>model\n{A1<end_of_turn>}\n<start_of_turn>user\nQ2<end_of_turn>\n<start_of_turn>model\n{A2<end_of_turn>}\n',
};

describe('templates', () => {
  it.each(Object.entries(WRITTEN))('%s writes a dialogue and marks its answers', (name, expected) => {
    expect(written(renderConversation(sample, name as TemplateName))).toBe(expected);
  });

  it.each(TEMPLATE_NAMES.filter((name) => name !== 'plain'))('a prompt of %s is where its answer begins', (name) => {
    const prompt = written(renderPrompt(sample.conversations.slice(0, 3), name)).replaceAll(/[{}]/g, '');
    const [before] = written(renderConversation(sample, name)).split(/\{ ?A2/);
    expect(prompt).toBe(before?.replaceAll(/[{}]/g, ''));
  });

  it('writes marks around pictures where that is wanted', () => {
    const [, first = ''] = written(renderConversation(sample, 'v0', { imageMarks: true })).split('Human: ');
    expect(first).toMatch(/^<im_start><image><im_end>\nQ1/);
  });

  it('leaves several pictures of a turn where they are', () => {
    const turns = [{ from: 'human', value: 'Is <image> like <image>?' }] as const;
    expect(written(renderPrompt(turns, 'v1-short'))).toBe('<s>USER: Is <image> like <image>? ASSISTANT:');
  });

  it("knows LLaVA's names", () => {
    const names = ['vicuna_v1', 'llava_llama_2', 'mistral_instruct', 'toString', 'x'];
    expect(names.map(findTemplate)).toEqual(['v1', 'llama-2', 'mistral', undefined, undefined]);
  });
});
