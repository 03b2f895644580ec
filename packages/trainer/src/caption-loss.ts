import { join } from 'node:path';
import { createPreparation, openPictureStore } from '@llava-ts/data';
import type { Preprocessing, Sample, TemplateName, Tokenizer } from '@llava-ts/data';
import { imageFeatureCount, imageTokens } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import { createFeatureCache } from './feature-cache.js';
import { createLeaseProgram } from './lease-program.js';
import { loadSamples, makeMicroBatch } from './sample-batches.js';
import type { BatchSource } from './sample-batches.js';

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
  const { preprocessing, template, tokenizer } = options;
  const rules = {
    template,
    preprocessing,
    imageTokens: imageTokens(config),
    contextTokens: Math.max(...bucketTokens),
    longSamples: 'refuse',
    onBadSample: 'stop',
  } as const;
  const source: BatchSource = {
    preparation: createPreparation(await inFolder(samples, images), tokenizer, rules),
    padId: tokenizer.padId,
    rules,
    microBatchSamples,
    bucketTokens,
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
      const size = Math.min(microBatchSamples, samples.length - first);
      const loaded = await loadSamples(
        source,
        Array.from({ length: size }, (_, at) => first + at),
      );
      const sums = program.loss((await makeMicroBatch(source, loaded)).batch);
      lossSum += sums.lossSum;
      labelTokens += sums.labelTokens;
    }
    return lossSum / Math.max(1, labelTokens);
  } finally {
    program.dispose();
  }
}

/** Samples at hand and the folder of their pictures as a set. */
async function inFolder(samples: readonly Sample[], images: string): Promise<Parameters<typeof createPreparation>[0]> {
  const store = await openPictureStore(images, { cacheDir: images });
  return {
    read: (ordinal) => {
      const sample = samples[ordinal];
      if (sample === undefined) throw new LlavaError('internal', `no sample ${ordinal} among ${samples.length}`);
      const { id, image } = sample;
      const picture = image === undefined ? null : { name: join(images, image), read: () => store.read(image) };
      return Promise.resolve({ sample, place: `sample ${id}`, picture });
    },
    close: () => store.close(),
  };
}
