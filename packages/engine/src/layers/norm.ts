import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Scale and shift of one normalised axis, each `[hidden]`. */
export interface LayerNormParameters<L = Tensor> {
  readonly weight: L;
  readonly bias: L;
}

/** Scale of one normalised axis, `[hidden]`. */
export interface RmsNormParameters<L = Tensor> {
  readonly weight: L;
}

/**
 * Layer normalisation over the last axis (Ba et al. 2016), variance without Bessel's correction as in PyTorch.
 * @param x `[..., hidden]`
 */
export function layerNorm(p: LayerNormParameters, x: Tensor, epsilon: number): Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true); // [..., 1]
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), p.weight), p.bias);
}

/**
 * Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019), as in Llama.
 * @param x `[..., hidden]`
 */
export function rmsNorm(p: RmsNormParameters, x: Tensor, epsilon: number): Tensor {
  const meanSquare = tf.mean(tf.square(x), -1, true); // [..., 1]
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), p.weight);
}
