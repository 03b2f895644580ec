import { LlavaError } from '@llava-ts/telemetry';

import { IGNORED_LABEL, type EncodedSample } from './encode.js';

/** Several samples side by side, padded on the right. */
export interface Batch {
  /** Number of samples. */
  readonly batch: number;
  /** Tokens per row. */
  readonly tokens: number;
  /** `[batch, tokens]` int32 */
  readonly ids: Int32Array;
  /** `[batch, tokens]` int32, -100 where nothing is learned */
  readonly labels: Int32Array;
  /** `[batch, tokens]` int32: -1 for text, else the row of the visual tokens flattened to `[images * imageTokens, hidden]` */
  readonly visualIndex: Int32Array;
  /** For every picture, in the features' order, the sample it belongs to. */
  readonly images: readonly number[];
}

/**
 * Puts samples into one batch of `tokens` columns.
 * @throws LlavaError `internal` when a sample is longer or its pictures have another number of tokens
 */
export function collate(
  samples: readonly EncodedSample[],
  options: { readonly tokens: number; readonly padId: number; readonly imageTokens: number },
): Batch {
  const { tokens, padId, imageTokens } = options;
  const ids = new Int32Array(samples.length * tokens).fill(padId);
  const labels = new Int32Array(samples.length * tokens).fill(IGNORED_LABEL);
  const visualIndex = new Int32Array(samples.length * tokens).fill(-1);
  const images: number[] = [];
  samples.forEach((sample, row) => {
    if (sample.ids.length > tokens)
      throw new LlavaError('internal', `collate: sample ${row} has ${sample.ids.length} tokens, the bucket ${tokens}`);
    ids.set(sample.ids, row * tokens);
    labels.set(sample.labels, row * tokens);
    for (const { start, length } of sample.imageSpans) {
      if (length !== imageTokens)
        throw new LlavaError(
          'internal',
          `collate: sample ${row} has a picture of ${length} tokens, expected ${imageTokens}`,
        );
      for (let token = 0; token < imageTokens; token++)
        visualIndex[row * tokens + start + token] = images.length * imageTokens + token;
      images.push(row);
    }
  });
  return { batch: samples.length, tokens, ids, labels, visualIndex, images };
}

/**
 * The shortest bucket that holds a sample of this length.
 * @throws LlavaError `bad-input` when none does
 */
export function chooseBucket(length: number, buckets: readonly number[]): number {
  const fitting = buckets.filter((bucket) => bucket >= length);
  if (fitting.length === 0)
    throw new LlavaError(
      'bad-input',
      `bucketTokens: no bucket holds ${length} tokens, got ${buckets.join(', ')}; add a longer one`,
    );
  return Math.min(...fitting);
}
