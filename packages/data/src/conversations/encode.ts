import { LlavaError } from '@llava-ts/telemetry';

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { legacyLabels } from './legacy-mask.js';
import type { Sample } from './sample.js';
import type { Segment } from './segments.js';
import { renderConversation, type RenderOptions, type TemplateName } from './templates.js';
import { truncateSample } from './truncate.js';

/** A label that is not learned. */
export const IGNORED_LABEL = -100;

/** LLaVA's stand-in for a picture among ids (`IMAGE_TOKEN_INDEX`). */
export const LLAVA_IMAGE_ID = -200;

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
  /** Visual tokens per picture: as many as the encoder has patches, unless the projector fixes their number. */
  readonly imageTokens: number;
  /** The longest sample allowed, pictures expanded. */
  readonly contextTokens: number;
  /** Keep the beginning of a longer sample instead of refusing it, see `truncateSample`. */
  readonly truncate?: boolean;
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
 * @param after the special token in front, if there is one: a text starts differently behind it
 */
function encodeRun(
  run: readonly TextSegment[],
  tokenizer: Tokenizer,
  after: string,
): { ids: number[]; labels: number[] } {
  const encode = (text: string): number[] => tokenizer.encode(text, { after });
  const ids = encode(run.map(({ text }) => text).join(''));
  const labels = ids.map(() => IGNORED_LABEL);
  let text = '';
  let start = 0;
  run.forEach((segment, index) => {
    text += segment.text;
    const end = index === run.length - 1 ? ids.length : sharedLength(encode(text), ids);
    for (let at = start; segment.supervised && at < end; at++) labels[at] = ids[at] ?? IGNORED_LABEL;
    start = end;
  });
  return { ids, labels };
}

/**
 * Encodes a rendered conversation: begin token, text, one image token per patch, end tokens. Reproduces LLaVA's ids and labels
 * (`tokenizer_image_token`, `preprocess_v1`, `preprocess_llama_2`, `preprocess_plain`), without deriving label spans from text lengths.
 * @throws LlavaError `bad-input` when the sample does not fit in `contextTokens` and may not be truncated (pictures are never cut), or its text holds
 * a literal image token
 */
export function encodeSample(
  segments: readonly Segment[],
  tokenizer: Tokenizer,
  options: EncodeOptions,
): EncodedSample {
  const { imageTokens, contextTokens, truncate = false, name = 'sample' } = options;
  const ids: number[] = [];
  const labels: number[] = [];
  const imageSpans: { start: number; length: number }[] = [];
  let run: TextSegment[] = [];
  let after = ''; // the special token in front of the run

  const flush = (next: string): void => {
    const encoded = encodeRun(run, tokenizer, after);
    if (encoded.ids.includes(tokenizer.imageTokenId)) {
      throw new LlavaError(
        'bad-input',
        `${name}: the text holds a literal image token, but no picture belongs there; remove "<image>" or give an image`,
      );
    }
    for (const id of encoded.ids) ids.push(id);
    for (const label of encoded.labels) labels.push(label);
    run = [];
    after = next;
  };

  segments.forEach((segment, index) => {
    switch (segment.kind) {
      case 'text': {
        run.push(segment);
        // Nothing merges across a special token, so a run may end behind one; runs stay short this way.
        const special = tokenizer.specialTexts.find((text) => segment.text.endsWith(text));
        if (special !== undefined) flush(special);
        return;
      }
      case 'image':
        flush('');
        imageSpans.push({ start: ids.length, length: imageTokens });
        for (let patch = 0; patch < imageTokens; patch++) ids.push(tokenizer.imageTokenId);
        for (let patch = 0; patch < imageTokens; patch++) labels.push(IGNORED_LABEL);
        return;
      case 'begin':
        flush(index === 0 ? '' : tokenizer.beginText);
        for (const id of tokenizer.startIds) {
          ids.push(id);
          labels.push(IGNORED_LABEL);
        }
        return;
      case 'end':
        flush(tokenizer.endText);
        ids.push(tokenizer.eosId);
        labels.push(tokenizer.eosId);
    }
  });
  flush('');
  if (ids.length > contextTokens && !truncate) {
    throw new LlavaError(
      'bad-input',
      `${name}: ${ids.length} tokens (${imageTokens} per picture), but the context is ${contextTokens}; shorten the sample, raise contextTokens, or set longSamples to truncate`,
    );
  }
  const whole = { ids: Int32Array.from(ids), labels: Int32Array.from(labels), imageSpans };
  return truncateSample(whole, contextTokens);
}

/**
 * Ids and labels of a conversation as LLaVA's `preprocess` returns them: -200 for each picture, -100 where nothing is learned.
 * @throws LlavaError `bad-input` naming the sample, or a template that `legacyMask` is not defined for
 */
export function encodeAsLlava(
  sample: Sample,
  options: RenderOptions & {
    readonly template: TemplateName;
    readonly tokenizer: Tokenizer;
    /** Labels by LLaVA's arithmetic on token counts, its mistakes included. */
    readonly legacyMask?: boolean;
  },
): { ids: number[]; labels: number[] } {
  const { template, tokenizer, legacyMask = false } = options;
  const segments = renderConversation(sample, template, options);
  const limits = { imageTokens: 1, contextTokens: Number.MAX_SAFE_INTEGER, name: `sample ${sample.id}` };
  const encoded = encodeSample(segments, tokenizer, limits);
  const pictures = new Set(encoded.imageSpans.map(({ start }) => start));
  const ids = Array.from(encoded.ids, (id, at) => (pictures.has(at) ? LLAVA_IMAGE_ID : id));
  const labels = legacyMask ? legacyLabels(ids, segments, { template, tokenizer }) : [...encoded.labels];
  return { ids, labels };
}
