import { join } from 'node:path';
import { chooseBucket, collate, encodeSample, loadPixels, renderConversation } from '@llava-ts/data';
import type { Batch, EncodedSample, Preprocessing, Sample, TemplateName, Tokenizer } from '@llava-ts/data';
import type { Dataset } from './dataset.js';
import type { FeatureCache } from './feature-cache.js';
import type { MicroBatch } from './lease-program.js';

/** Everything that turns samples into micro-batches. */
export interface BatchSource {
  readonly dataset: Dataset;
  readonly tokenizer: Tokenizer;
  readonly template: TemplateName;
  readonly preprocessing: Preprocessing;
  readonly microBatchSamples: number;
  readonly contextTokens: number;
  readonly truncate?: boolean;
  readonly bucketTokens: readonly number[];
  /** Visual tokens per picture. */
  readonly imageTokens: number;
  /** Numbers in the features of a picture: `patches * visionHidden`. */
  readonly featureSize: number;
  readonly cache: FeatureCache;
  /** Pixels `[3 * sizePx ** 2]` to features `[featureSize]`. */
  readonly features: (pixels: Float32Array) => Promise<Float32Array>;
}

/** A row of a micro-batch that no sample needs. */
const EMPTY_ROW: EncodedSample = { ids: new Int32Array(), labels: new Int32Array(), imageSpans: [] };

/**
 * Makes a micro-batch of samples, in order, padded to the smallest bucket that holds the longest and to a fixed number of rows.
 * @throws {LlavaError} `bad-input`, `not-found` or `corrupt`, naming the sample or the picture
 */
export async function makeMicroBatch(source: BatchSource, samples: readonly Sample[]): Promise<MicroBatch> {
  const encoded = samples.map((sample) => encode(source, sample));
  const tokens = chooseBucket(Math.max(...encoded.map(({ ids }) => ids.length)), source.bucketTokens);
  const padding = Array.from({ length: source.microBatchSamples - samples.length }, () => EMPTY_ROW);
  const batch = collate([...encoded, ...padding], {
    tokens,
    padId: source.tokenizer.padId,
    imageTokens: source.imageTokens,
  });
  const { ids, labels, visualIndex } = batch;
  return { tokens, ids, labels, visualIndex, features: await joinFeatures(source, samples, batch) };
}

function encode(
  { tokenizer, template, imageTokens, contextTokens, truncate = false }: BatchSource,
  sample: Sample,
): EncodedSample {
  return encodeSample(renderConversation(sample, template), tokenizer, {
    imageTokens,
    contextTokens,
    truncate,
    name: `sample ${sample.id}`,
  });
}

/** Features of the batch's pictures one after the other, then zeros for rows without one. */
async function joinFeatures(source: BatchSource, samples: readonly Sample[], batch: Batch): Promise<Float32Array> {
  const joined = new Float32Array(source.microBatchSamples * source.featureSize);
  const features = await Promise.all(batch.images.map((row) => featuresOf(source, samples[row])));
  features.forEach((values, image) => joined.set(values, image * source.featureSize));
  return joined;
}

function featuresOf(
  { dataset, preprocessing, cache, features }: BatchSource,
  sample: Sample | undefined,
): Promise<Float32Array> {
  const file = join(dataset.images, sample?.image ?? '');
  return cache.get(`${preprocessing.aspect} ${file}`, async () => features(await loadPixels(file, preprocessing)));
}
