import { axes, layerNorm } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ClipVisionConfig, FeatureChoice } from './config.js';
import { featureDepth } from './parameters.js';
import type { ClipVisionParameters, ClipVisionTrunk } from './parameters.js';
import { patchTokens, runBlocks } from './transformer.js';

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
  const embedded = layerNorm(p.preNorm, embedPatches(p, pixels, config), config.layerNormEps);
  return runBlocks(p.blocks.slice(0, depth), embedded, config);
}

/** Pixels to tokens: the class token, then one token per patch in reading order, all with their positions added. */
function embedPatches(p: ClipVisionTrunk, pixels: Tensor, config: ClipVisionConfig): Tensor {
  const patches = patchTokens(p.patchEmbedding, pixels, config); // [images, patches, hidden]
  const { images, hidden } = axes(patches, 'images patches hidden');
  const classToken = tf.add(tf.zeros([images, 1, hidden]), p.classEmbedding); // [images, 1, hidden]
  return tf.add(tf.concat([classToken, patches], 1), p.positionEmbedding.weight);
}
