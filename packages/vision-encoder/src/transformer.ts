import { axes, gelu, geluTanh, layerNorm, linear, quickGelu } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { VisionSizes } from './config.js';
import type { PatchEmbeddingParameters, VisionAttentionParameters, VisionBlockParameters } from './parameters.js';

const ACTIVATIONS = { quick_gelu: quickGelu, gelu, gelu_pytorch_tanh: geluTanh } as const;

/**
 * Pixels to one token per patch in reading order: a convolution without overlap.
 * @param pixels `[images, 3, imageSizePx, imageSizePx]`
 * @returns `[images, patches, hidden]`
 * @throws LlavaError `mismatch` when the pixels have another shape
 */
export function patchTokens(p: PatchEmbeddingParameters, pixels: Tensor, config: VisionSizes): Tensor {
  const { channels, height, width } = axes(pixels, 'images channels height width');
  const { imageSizePx, patchSizePx, hidden } = config;
  if (channels !== 3 || height !== imageSizePx || width !== imageSizePx) {
    throw new LlavaError(
      'mismatch',
      `Pixels are [${pixels.shape.join(', ')}]; the encoder takes [images, 3, ${imageSizePx}, ${imageSizePx}].`,
    );
  }
  const side = Math.floor(imageSizePx / patchSizePx);
  const kernel = tf.reshape(p.weight, [hidden, 3 * patchSizePx ** 2]);
  const patches = cutPatches(pixels, side, patchSizePx); // [images, patches, 3 * patchSizePx ** 2]
  return linear(p.bias === undefined ? { weight: kernel } : { weight: kernel, bias: p.bias }, patches);
}

/** The tokens, then what each block makes of them; each `[images, tokens, hidden]`. */
export function runBlocks(blocks: readonly VisionBlockParameters[], tokens: Tensor, config: VisionSizes): Tensor[] {
  const states = [tokens];
  for (const block of blocks) states.push(visionBlock(block, states.at(-1) as Tensor, config));
  return states;
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
function visionBlock(p: VisionBlockParameters, x: Tensor, config: VisionSizes): Tensor {
  const activation = ACTIVATIONS[config.activation];
  const attended = tf.add(x, attention(p.attention, layerNorm(p.attentionNorm, x, config.layerNormEps), config.heads));
  const inner = linear(p.feedForward.inner, layerNorm(p.feedForwardNorm, attended, config.layerNormEps)); // [images, tokens, inner]
  return tf.add(attended, linear(p.feedForward.outer, activation(inner)));
}

/** Self-attention of all tokens with all; `[images, tokens, hidden]` to the same. */
function attention(p: VisionAttentionParameters, x: Tensor, heads: number): Tensor {
  const { images, tokens, hidden } = axes(x, 'images tokens hidden');
  const split = (y: Tensor) => tf.transpose(tf.reshape(y, [images, tokens, heads, hidden / heads]), [0, 2, 1, 3]);
  const query = split(tf.mul(linear(p.query, x), (hidden / heads) ** -0.5)); // [images, heads, tokens, headDim]
  const scores = tf.matMul(query, split(linear(p.key, x)), false, true); // [images, heads, tokens, tokens]
  const mixed = tf.matMul(tf.softmax(scores), split(linear(p.value, x))); // [images, heads, tokens, headDim]
  return linear(p.output, tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [images, tokens, hidden]));
}
