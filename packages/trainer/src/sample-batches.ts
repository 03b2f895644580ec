import { chooseBucket, collate, isSamplesFault, skippedSample } from '@llava-ts/data';
import type { Batch, Preparation, PreparationRules, PreparedSample } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';
import type { FeatureCache } from './feature-cache.js';
import type { MicroBatch } from './lease-program.js';

/** Everything that turns samples into micro-batches. */
export interface BatchSource {
  readonly preparation: Preparation;
  readonly padId: number;
  readonly rules: Pick<PreparationRules, 'preprocessing' | 'onBadSample'>;
  readonly microBatchSamples: number;
  readonly bucketTokens: readonly number[];
  /** Visual tokens per picture. */
  readonly imageTokens: number;
  /** Numbers in the features of a picture: `patches * visionHidden`. */
  readonly featureSize: number;
  readonly cache: FeatureCache;
  /** Pixels `[3 * sizePx ** 2]` to features `[featureSize]`. */
  readonly features: (pixels: Float32Array) => Promise<Float32Array>;
}

/** Samples that are tokenised, with the pixels of those pictures whose features are not remembered: all that needs no model. */
export interface LoadedSamples {
  readonly ordinals: readonly number[];
  readonly samples: readonly PreparedSample[];
  /** By row; a promise that fails is reported, or its sample skipped, when the batch is made. */
  readonly pixels: ReadonlyMap<number, Promise<Float32Array>>;
}

/** What was in a micro-batch. */
export interface BatchFacts {
  /** Without padding, with and without label. */
  readonly tokens: number;
  readonly truncatedSamples: number;
  readonly skippedSamples: number;
}

/** Reads and tokenises samples, and begins to decode their pictures. @throws {LlavaError} naming the sample */
export async function loadSamples(source: BatchSource, ordinals: readonly number[]): Promise<LoadedSamples> {
  const samples = await source.preparation.encode(ordinals);
  const pixels = new Map<number, Promise<Float32Array>>();
  samples.forEach(({ picture }, row) => {
    if (picture === null || source.cache.has(keyOf(source, picture))) return;
    const decoding = source.preparation.pixels(ordinals[row] ?? 0);
    decoding.catch(() => undefined); // its turn to be reported comes later
    pixels.set(row, decoding);
  });
  return { ordinals, samples, pixels };
}

/**
 * Makes a micro-batch of loaded samples, in order, padded to the smallest bucket that holds the longest and to a fixed number of rows.
 * @throws {LlavaError} `bad-input`, `not-found` or `corrupt`, naming the sample or the picture, unless the stage skips bad samples
 */
export async function makeMicroBatch(
  source: BatchSource,
  loaded: LoadedSamples,
): Promise<{ batch: MicroBatch; facts: BatchFacts }> {
  const rows = await Promise.all(loaded.samples.map((_, row) => withFeatures(source, loaded, row)));
  const samples = rows.map(({ sample }) => sample);
  const tokens = chooseBucket(Math.max(0, ...samples.map(({ ids }) => ids.length)), source.bucketTokens);
  const padding = Array.from({ length: source.microBatchSamples - samples.length }, () => skippedSample(''));
  const { padId, imageTokens } = source;
  const collated = collate([...samples, ...padding], { tokens, padId, imageTokens });
  const { ids, labels, visualIndex } = collated;
  const facts = {
    tokens: samples.reduce((sum, sample) => sum + sample.ids.length, 0),
    truncatedSamples: samples.filter(({ truncated }) => truncated).length,
    skippedSamples: samples.filter(({ skipped }) => skipped !== null).length,
  };
  const features = joinFeatures(
    source,
    collated,
    rows.map((row) => row.features),
  );
  return { batch: { tokens, ids, labels, visualIndex, features }, facts };
}

interface Row {
  readonly sample: PreparedSample;
  readonly features: Float32Array | null;
}

/** A sample and its picture's features; a sample that counts nothing when the picture is bad and the stage skips such. */
async function withFeatures(
  source: BatchSource,
  { samples, ordinals, pixels }: LoadedSamples,
  row: number,
): Promise<Row> {
  const sample = samples[row] ?? skippedSample('');
  if (sample.picture === null) return { sample, features: null };
  const decode = (): Promise<Float32Array> => pixels.get(row) ?? source.preparation.pixels(ordinals[row] ?? 0);
  try {
    const compute = async (): Promise<Float32Array> => source.features(await decode());
    return { sample, features: await source.cache.get(keyOf(source, sample.picture), compute) };
  } catch (error) {
    if (source.rules.onBadSample !== 'skip' || !(error instanceof LlavaError) || !isSamplesFault(error)) throw error;
    return { sample: skippedSample(error.message), features: null };
  }
}

function keyOf({ rules }: BatchSource, picture: string): string {
  return `${rules.preprocessing.aspect} ${picture}`;
}

/** Features of the batch's pictures one after the other, then zeros for rows without one. */
function joinFeatures(
  { featureSize, microBatchSamples }: BatchSource,
  { images }: Batch,
  features: readonly (Float32Array | null)[],
): Float32Array {
  const joined = new Float32Array(microBatchSamples * featureSize);
  images.forEach((row, image) => joined.set(features[row] ?? new Float32Array(), image * featureSize));
  return joined;
}
