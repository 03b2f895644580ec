import { LlavaError } from '@llava-ts/telemetry';

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { IGNORED_LABEL } from './encode.js';
import { IMAGE_PLACEHOLDER } from './sample.js';
import type { Segment } from './segments.js';
import type { TemplateName } from './templates.js';

/** The text that LLaVA would have tokenized, its begin token left out. */
function promptOf(segments: readonly Segment[], tokenizer: Tokenizer): string {
  return segments
    .slice(1)
    .map((segment) => {
      if (segment.kind === 'text') return segment.text;
      return { image: IMAGE_PLACEHOLDER, begin: tokenizer.beginText, end: tokenizer.endText }[segment.kind];
    })
    .join('');
}

/** Length of `tokenizer_image_token(text)`: every text between pictures tokenized alone, one begin token, one place per picture. */
function tokenLength(text: string, tokenizer: Tokenizer): number {
  const chunks = text.split(IMAGE_PLACEHOLDER);
  const tokens = chunks.reduce((sum, chunk) => sum + tokenizer.encode(chunk).length, 0);
  return tokenizer.startIds.length + tokens + chunks.length - 1;
}

/** A stretch of a conversation and how much of its front is not learned. */
interface Round {
  readonly tokens: number;
  readonly instruction: number;
}

/** Cuts a text into rounds and measures them; stops, as LLaVA does, at a round that is empty or does not split into two. */
function measureRounds(
  rounds: readonly string[],
  separator: string,
  { tokenizer, less, later }: { tokenizer: Tokenizer; less: number; later: number },
): Round[] {
  const measured: Round[] = [];
  for (const [index, round] of rounds.entries()) {
    const parts = round.split(separator);
    if (round === '' || parts.length !== 2) break;
    const shift = index === 0 ? 0 : later;
    measured.push({
      tokens: tokenLength(round, tokenizer) + shift,
      instruction: tokenLength((parts[0] ?? '') + separator, tokenizer) - less + shift,
    });
  }
  return measured;
}

/** Labels from measured rounds; nothing is learned when their lengths do not add up to the whole ("tokenization mismatch"). */
function maskRounds(ids: readonly number[], rounds: readonly Round[], start: number, padId: number): number[] {
  const labels = ids.map(() => IGNORED_LABEL);
  let at = start;
  for (const { tokens, instruction } of rounds) {
    for (let place = Math.max(0, at + instruction); place < Math.min(at + tokens, ids.length); place++)
      labels[place] = ids[place] as number;
    at += tokens;
  }
  const whole = ids.filter((id) => id !== padId).length;
  return at === whole ? labels : ids.map(() => IGNORED_LABEL);
}

/** `preprocess_mpt`: system, first question and answer are one round, then pairs. */
function markedRounds(prompt: string, end: string): string[] {
  const messages = prompt.split(end);
  const rounds = [messages.slice(0, 3).join(end)];
  for (let at = 3; at < messages.length; at += 2) rounds.push(messages.slice(at, at + 2).join(end));
  return rounds;
}

/** `preprocess` of the v0 template: every line's length is measured with a begin token of its own, so the mask runs ahead. */
function maskSpeakers(ids: readonly number[], prompt: string, tokenizer: Tokenizer): number[] {
  const [header = '', ...lines] = prompt.split(/(?<=\n\n)(?=### )|(?<=\n)(?=### )/);
  const labels = [...ids];
  let at = tokenLength(header, tokenizer);
  labels.fill(IGNORED_LABEL, 0, at);
  for (const line of lines.filter((text) => /^### \w/.test(text))) {
    const tokens = tokenLength(line, tokenizer);
    if (line.startsWith('### Human')) labels.fill(IGNORED_LABEL, at + 2, at + tokens);
    at += tokens;
  }
  return labels;
}

/**
 * Labels by LLaVA's own arithmetic on token counts (llava/train/train.py, `preprocess_*`), its mistakes included. For reproducing a run of
 * LLaVA exactly; otherwise the labels of `encodeSample` say what was meant.
 * @param ids of the whole conversation, one place per picture
 * @throws LlavaError `bad-input` for a template that LLaVA's code never masked
 */
export function legacyLabels(
  ids: readonly number[],
  segments: readonly Segment[],
  { template, tokenizer }: { readonly template: TemplateName; readonly tokenizer: Tokenizer },
): number[] {
  const prompt = promptOf(segments, tokenizer);
  const { startIds, endText, padId, legacy } = tokenizer;
  switch (template) {
    case 'plain': {
      const instruction = tokenLength(IMAGE_PLACEHOLDER, tokenizer);
      return ids.map((id, at) => (at < instruction ? IGNORED_LABEL : id));
    }
    case 'v0':
      return maskSpeakers(ids, prompt, tokenizer);
    case 'v1':
    case 'v1-short':
    case 'llava_v1': {
      const measure = { tokenizer, less: 2, later: legacy ? 0 : -1 };
      return maskRounds(ids, measureRounds(prompt.split(endText), ' ASSISTANT: ', measure), startIds.length, padId);
    }
    case 'llama-2': {
      const measure = { tokenizer, less: 2, later: 0 };
      return maskRounds(ids, measureRounds(prompt.split(endText), '[/INST] ', measure), startIds.length, padId);
    }
    case 'mpt':
    case 'chatml': {
      const separator = '<|im_end|><|im_start|>assistant\n';
      const measure = { tokenizer, less: 1, later: legacy ? 1 : 0 };
      return maskRounds(ids, measureRounds(markedRounds(prompt, '<|im_end|>'), separator, measure), 0, padId);
    }
    default:
      throw new LlavaError(
        'bad-input',
        `legacyMask: LLaVA never trained with template ${template}; expected plain, v0, v1, llava_v1, llama-2, mpt or chatml`,
      );
  }
}
