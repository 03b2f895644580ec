import type { Preprocessing, Sample, TemplateName, Tokenizer } from '@llava-ts/data';
import { imageFeatureCount, imageTokens } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import { createFeatureCache } from './feature-cache.js';
import { createLeaseProgram } from './lease-program.js';
import { makeMicroBatch } from './sample-batches.js';

/** A model and held-out samples to measure it on. */
export interface CaptionLossOptions {
  readonly model: { readonly config: LlavaConfig; readonly weights: ReadonlyMap<string, Float32Array> };
  readonly tokenizer: Tokenizer;
  readonly template: TemplateName;
  readonly preprocessing: Preprocessing;
  readonly samples: readonly Sample[];
  /** Folder that the samples' `image` is relative to. */
  readonly images: string;
  readonly microBatchSamples: number;
  readonly bucketTokens: readonly number[];
  /** Replaces every picture by one of the mean colour. */
  readonly blind?: boolean;
}

/**
 * The mean loss per label token of a model on samples, in nats, in this thread. `loadTensorflow()` must have been awaited.
 * @throws what loading samples and pictures throws
 */
export async function captionLoss(options: CaptionLossOptions): Promise<number> {
  const { model, samples, images, microBatchSamples, bucketTokens, blind = false } = options;
  const { config, weights } = model;
  const program = createLeaseProgram({
    config,
    trainable: [],
    microBatchSamples,
    bucketTokens,
    precision: 'float32',
    recompute: false,
  });
  const source = {
    ...options,
    dataset: { samples, images, digest: '' },
    contextTokens: Math.max(...bucketTokens),
    imageTokens: imageTokens(config),
    featureSize: imageFeatureCount(config) * config.vision.hidden,
    cache: createFeatureCache(0),
    features: (pixels: Float32Array) =>
      Promise.resolve(program.features(blind ? new Float32Array(pixels.length) : pixels)),
  };
  try {
    program.assign(weights);
    let [lossSum, labelTokens] = [0, 0];
    for (let first = 0; first < samples.length; first += microBatchSamples) {
      const sums = program.loss(await makeMicroBatch(source, samples.slice(first, first + microBatchSamples)));
      lossSum += sums.lossSum;
      labelTokens += sums.labelTokens;
    }
    return lossSum / Math.max(1, labelTokens);
  } finally {
    program.dispose();
  }
}
