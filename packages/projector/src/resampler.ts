import { axes, gelu, layerNorm, linear } from '@llava-ts/engine';
import type { LayerNormParameters, LinearParameters, ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { attend, forEveryImage } from './attention.js';
import type { ProjectorSizes, ResamplerConfig } from './config.js';
import { freshLinear, freshMatrix, freshNorm } from './fresh.js';

const LAYER_NORM_EPS = 1e-5;

/** One block: latents read features and each other, then think by themselves. No biases. */
export interface ResamplerBlockParameters<L = Tensor> {
  attention: {
    featureNorm: LayerNormParameters<L>;
    latentNorm: LayerNormParameters<L>;
    query: LinearParameters<L>;
    /** weight `[2 * heads * headDim, hidden]`: keys above values. */
    keyValue: LinearParameters<L>;
    output: LinearParameters<L>;
  };
  feedForward: { norm: LayerNormParameters<L>; inner: LinearParameters<L>; outer: LinearParameters<L> };
}

/** A perceiver resampler of the decoder's width. */
export interface ResamplerParameters<L = Tensor> {
  /** `[latents, hidden]` */
  latents: L;
  /** From the encoder's width to the decoder's. */
  input: LinearParameters<L>;
  blocks: ResamplerBlockParameters<L>[];
  norm: LayerNormParameters<L>;
}

/** Shapes and initial values. */
export function resamplerParameters(
  config: ResamplerConfig,
  { input, output }: ProjectorSizes,
): ResamplerParameters<ParameterSpec> {
  const width = config.heads * config.headDim;
  const block = (): ResamplerBlockParameters<ParameterSpec> => ({
    attention: {
      featureNorm: freshNorm(output),
      latentNorm: freshNorm(output),
      query: freshMatrix(output, width),
      keyValue: freshMatrix(output, 2 * width),
      output: freshMatrix(width, output),
    },
    feedForward: {
      norm: freshNorm(output),
      inner: freshMatrix(output, config.ffMult * output),
      outer: freshMatrix(config.ffMult * output, output),
    },
  });
  return {
    latents: { shape: [config.latents, output], init: { normal: 1 } },
    input: freshLinear(input, output),
    blocks: Array.from({ length: config.depth }, block),
    norm: freshNorm(output),
  };
}

/**
 * Features to a fixed number of visual tokens. Reference: Alayrac et al. 2022 (Flamingo), section 3.1.1, with a linear layer in
 * front as in TinyLLaVA, `connector/resampler.py`.
 * @param features `[images, patches, visionHidden]`
 * @returns `[images, latents, hidden]`
 */
export function resampler(p: ResamplerParameters, features: Tensor, config: ResamplerConfig): Tensor {
  const { images } = axes(features, 'images patches visionHidden');
  const media = linear(p.input, features); // [images, patches, hidden]
  let latents = forEveryImage(p.latents, images); // [images, latents, hidden]
  for (const { attention, feedForward } of p.blocks) {
    latents = tf.add(latents, readMedia(attention, media, { latents, heads: config.heads }));
    const inner = linear(feedForward.inner, layerNorm(feedForward.norm, latents, LAYER_NORM_EPS));
    latents = tf.add(latents, linear(feedForward.outer, gelu(inner)));
  }
  return layerNorm(p.norm, latents, LAYER_NORM_EPS);
}

/** Latents look at the features and at each other; `[images, latents, hidden]`. */
function readMedia(
  p: ResamplerBlockParameters['attention'],
  media: Tensor,
  { latents, heads }: { latents: Tensor; heads: number },
): Tensor {
  const asking = layerNorm(p.latentNorm, latents, LAYER_NORM_EPS);
  const seen = tf.concat([layerNorm(p.featureNorm, media, LAYER_NORM_EPS), asking], 1); // [images, patches + latents, hidden]
  const query = linear(p.query, asking); // [images, latents, heads * headDim]
  const width = query.shape.at(-1) ?? 0;
  const both = linear(p.keyValue, seen); // [images, patches + latents, 2 * heads * headDim]
  const key = tf.slice(both, [0, 0, 0], [-1, -1, width]);
  const value = tf.slice(both, [0, 0, width], [-1, -1, width]);
  return linear(p.output, attend(query, key, value, heads));
}
