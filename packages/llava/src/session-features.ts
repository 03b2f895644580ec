import type { Program } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { imageFeatureCount } from './config.js';
import type { LlavaConfig } from './config.js';

/**
 * Features of any number of images, `batch` at a time.
 * @param program with a function `features`
 * @param pixels `[images * 3 * imageSizePx * imageSizePx]`
 * @returns `[images * patches * visionHidden]`
 */
export function computeFeatures(
  program: Program,
  config: LlavaConfig,
  batch: number,
  pixels: Float32Array,
): Float32Array {
  const imagePixels = 3 * config.vision.imageSizePx ** 2;
  const images = pixels.length / imagePixels;
  if (!Number.isInteger(images)) {
    throw new LlavaError('mismatch', `${pixels.length} pixel values are no whole number of images of ${imagePixels}.`);
  }
  const features = new Float32Array(images * featureSize(config));
  for (let first = 0; first < images; first += batch) {
    const some = pixels.subarray(first * imagePixels, Math.min(images, first + batch) * imagePixels);
    const computed = program.call('features', { pixels: padded(some, batch * imagePixels) })[
      'features'
    ] as Float32Array;
    features.set(computed.subarray(0, (some.length / imagePixels) * featureSize(config)), first * featureSize(config));
  }
  return features;
}

/** How many numbers the features of one image are. */
export function featureSize(config: LlavaConfig): number {
  return imageFeatureCount(config) * config.vision.hidden;
}

/** How many images some features are of. @throws LlavaError `mismatch` when they are no whole number */
export function imageCount(config: LlavaConfig, values: number): number {
  const images = values / featureSize(config);
  if (Number.isInteger(images)) return images;
  throw new LlavaError('mismatch', `${values} feature values are no whole number of images of ${featureSize(config)}.`);
}

/** The same values with zeros behind them. */
export function padded(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const all = new Float32Array(length);
  all.set(values);
  return all;
}
