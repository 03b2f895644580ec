import { LlavaError } from '@llava-ts/telemetry';

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Segment } from './templates.js';

/** A label that is not learned. */
export const IGNORED_LABEL = -100;

/** Tokens of one conversation. */
export interface EncodedSample {
  /** `[tokens]`; a picture is one image token per patch. */
  readonly ids: Int32Array;
  /** `[tokens]`, not shifted: the id itself where it is learned, -100 elsewhere. */
  readonly labels: Int32Array;
  /** Where pictures stand, in order. */
  readonly imageSpans: readonly { readonly start: number; readonly length: number }[];
}

/** What bounds an encoded sample. */
export interface EncodeOptions {
  /** Tokens per picture: the encoder's number of patches. */
  readonly imageTokens: number;
  /** The longest sample allowed, pictures expanded. */
  readonly contextTokens: number;
  /** Names the sample in errors. */
  readonly name?: string;
}

type TextSegment = Extract<Segment, { kind: 'text' }>;

function sharedLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/**
 * Ids and labels of pieces of text that follow each other. They are encoded as one text, because tokens depend on their
 * neighbours; a token that straddles two pieces counts to the second one.
 */
function encodeRun(run: readonly TextSegment[], tokenizer: Tokenizer): { ids: number[]; labels: number[] } {
  const ids = tokenizer.encode(run.map(({ text }) => text).join(''));
  const labels = ids.map(() => IGNORED_LABEL);
  let text = '';
  let start = 0;
  run.forEach((segment, index) => {
    text += segment.text;
    const end = index === run.length - 1 ? ids.length : sharedLength(tokenizer.encode(text), ids);
    for (let at = start; segment.supervised && at < end; at++) labels[at] = ids[at] ?? IGNORED_LABEL;
    start = end;
  });
  return { ids, labels };
}

/**
 * Encodes a rendered conversation: begin token, text, one image token per patch, end tokens. Reproduces LLaVA's ids and labels
 * (`tokenizer_image_token`, `preprocess_v1`, `preprocess_plain`), without deriving label spans from text lengths.
 * @throws LlavaError `bad-input` when the sample does not fit in `contextTokens` (pictures are never cut), or its text holds
 * a literal image token
 */
export function encodeSample(
  segments: readonly Segment[],
  tokenizer: Tokenizer,
  options: EncodeOptions,
): EncodedSample {
  const { imageTokens, contextTokens, name = 'sample' } = options;
  const ids: number[] = [tokenizer.bosId];
  const labels: number[] = [IGNORED_LABEL];
  const imageSpans: { start: number; length: number }[] = [];
  let run: TextSegment[] = [];

  const flush = (): void => {
    const encoded = encodeRun(run, tokenizer);
    if (encoded.ids.includes(tokenizer.imageTokenId)) {
      throw new LlavaError(
        'bad-input',
        `${name}: the text holds a literal image token, but no picture belongs there; remove "<image>" or give an image`,
      );
    }
    ids.push(...encoded.ids);
    labels.push(...encoded.labels);
    run = [];
  };

  for (const segment of segments) {
    if (segment.kind === 'text') {
      run.push(segment);
      continue;
    }
    flush();
    if (segment.kind === 'image') {
      imageSpans.push({ start: ids.length, length: imageTokens });
      for (let patch = 0; patch < imageTokens; patch++) ids.push(tokenizer.imageTokenId);
      for (let patch = 0; patch < imageTokens; patch++) labels.push(IGNORED_LABEL);
    } else {
      ids.push(tokenizer.eosId);
      labels.push(tokenizer.eosId);
    }
  }
  flush();
  if (ids.length > contextTokens) {
    throw new LlavaError(
      'bad-input',
      `${name}: ${ids.length} tokens (${imageTokens} per picture), but the context is ${contextTokens}; shorten the sample or raise contextTokens`,
    );
  }
  return { ids: Int32Array.from(ids), labels: Int32Array.from(labels), imageSpans };
}
