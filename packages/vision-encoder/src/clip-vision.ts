import { axes, gelu, layerNorm, linear, quickGelu } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ClipVisionConfig, FeatureChoice } from './config.js';
import { featureDepth } from './parameters.js';
import type {
  ClipAttentionParameters,
  ClipBlockParameters,
  ClipVisionParameters,
  ClipVisionTrunk,
} from './parameters.js';

/**
 * CLIP's vision transformer as LLaVA uses it: the hidden states of one layer, no norm behind them. Later layers do not run.
 * Reference: transformers, `modeling_clip.py`, `CLIPVisionTransformer`.
 * @param pixels `[images, 3, imageSizePx, imageSizePx]`, normalised
 * @returns `[images, patches, hidden]`, with the class token in front where it is selected
 * @throws LlavaError `mismatch` when the pixels have another shape, `bad-input` when there is no such layer
 */
export function clipVision(
  p: ClipVisionTrunk,
  pixels: Tensor,
  config: ClipVisionConfig,
  choice: FeatureChoice,
): Tensor {
  const states = clipVisionHiddenStates(p, pixels, config, featureDepth(config, choice.featureLayer));
  const features = states.at(-1) as Tensor; // [images, 1 + patches, hidden]
  return choice.select === 'patch' ? tf.slice(features, [0, 1, 0], [-1, -1, -1]) : features;
}

/**
 * The normed class token of the last layer, which contrastive pretraining compares with text.
 * @param last `[images, 1 + patches, hidden]`, the last of {@link clipVisionHiddenStates}
 * @returns `[images, hidden]`
 */
export function clipVisionPooled(
  p: Pick<ClipVisionParameters, 'postNorm'>,
  last: Tensor,
  config: ClipVisionConfig,
): Tensor {
  const { images, hidden } = axes(last, 'images tokens hidden');
  const token = tf.reshape(tf.slice(last, [0, 0, 0], [images, 1, hidden]), [images, hidden]);
  return layerNorm(p.postNorm, token, config.layerNormEps);
}

/**
 * Hidden states `0 .. depth`, each `[images, 1 + patches, hidden]`: the embedding after its norm, then every layer's output.
 */
export function clipVisionHiddenStates(
  p: ClipVisionTrunk,
  pixels: Tensor,
  config: ClipVisionConfig,
  depth: number,
): Tensor[] {
  const states = [layerNorm(p.preNorm, embedPatches(p, pixels, config), config.layerNormEps)];
  for (const block of p.blocks.slice(0, depth)) states.push(clipBlock(block, states.at(-1) as Tensor, config));
  return states;
}

/** Pixels to tokens: the class token, then one token per patch in reading order, all with their positions added. */
function embedPatches(p: ClipVisionTrunk, pixels: Tensor, config: ClipVisionConfig): Tensor {
  const { images, channels, height, width } = axes(pixels, 'images channels height width');
  const { imageSizePx, patchSizePx, hidden } = config;
  if (channels !== 3 || height !== imageSizePx || width !== imageSizePx) {
    throw new LlavaError(
      'mismatch',
      `Pixels are [${pixels.shape.join(', ')}]; the encoder takes [images, 3, ${imageSizePx}, ${imageSizePx}].`,
    );
  }
  const side = Math.floor(imageSizePx / patchSizePx);
  const kernel = tf.reshape(p.patchEmbedding.weight, [hidden, 3 * patchSizePx ** 2]);
  const patches = linear({ weight: kernel }, cutPatches(pixels, side, patchSizePx)); // [images, patches, hidden]
  const classToken = tf.add(tf.zeros([images, 1, hidden]), p.classEmbedding); // [images, 1, hidden]
  return tf.add(tf.concat([classToken, patches], 1), p.positionEmbedding.weight);
}

/** `[images, 3, size, size]` to `[images, patches, 3 * patchSizePx ** 2]`; pixels beyond the last whole patch are left out. */
function cutPatches(pixels: Tensor, side: number, patchSizePx: number): Tensor {
  const { images, height } = axes(pixels, 'images channels height width');
  const whole = side * patchSizePx;
  const cropped = height === whole ? pixels : tf.slice(pixels, [0, 0, 0, 0], [images, 3, whole, whole]);
  const grid = tf.reshape(cropped, [images, 3, side, patchSizePx, side, patchSizePx]);
  const byPatch = tf.transpose(grid, [0, 2, 4, 1, 3, 5]); // [images, side, side, 3, patchSizePx, patchSizePx]
  return tf.reshape(byPatch, [images, side * side, 3 * patchSizePx ** 2]);
}

/** One block: attention, then feed-forward, each on a normed copy and added to its input; `[images, tokens, hidden]` to the same. */
function clipBlock(p: ClipBlockParameters, x: Tensor, config: ClipVisionConfig): Tensor {
  const activation = config.activation === 'gelu' ? gelu : quickGelu;
  const attended = tf.add(x, attention(p.attention, layerNorm(p.attentionNorm, x, config.layerNormEps), config.heads));
  const inner = linear(p.feedForward.inner, layerNorm(p.feedForwardNorm, attended, config.layerNormEps)); // [images, tokens, inner]
  return tf.add(attended, linear(p.feedForward.outer, activation(inner)));
}

/** Self-attention of all tokens with all; `[images, tokens, hidden]` to the same. */
function attention(p: ClipAttentionParameters, x: Tensor, heads: number): Tensor {
  const { images, tokens, hidden } = axes(x, 'images tokens hidden');
  const split = (y: Tensor) => tf.transpose(tf.reshape(y, [images, tokens, heads, hidden / heads]), [0, 2, 1, 3]);
  const query = split(tf.mul(linear(p.query, x), (hidden / heads) ** -0.5)); // [images, heads, tokens, headDim]
  const scores = tf.matMul(query, split(linear(p.key, x)), false, true); // [images, heads, tokens, tokens]
  const mixed = tf.matMul(tf.softmax(scores), split(linear(p.value, x))); // [images, heads, tokens, headDim]
  return linear(p.output, tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [images, tokens, hidden]));
}
