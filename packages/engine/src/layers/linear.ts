import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** `weight` is `[out, in]` as PyTorch and Hugging Face store it, `bias` is `[out]`. */
export interface LinearParameters<L = Tensor> {
  readonly weight: L;
  readonly bias?: L;
}

/**
 * Matrix product with the transposed weight, and the bias where there is one.
 * @param x `[..., in]` float32
 * @returns `[..., out]` float32
 */
export function linear(p: LinearParameters, x: Tensor): Tensor {
  const [output = 0, input = 0] = p.weight.shape;
  const rows = tf.reshape(x, [-1, input]); // [rows, in]
  const product = tf.matMul(rows, p.weight, false, true); // [rows, out]
  const biased = p.bias === undefined ? product : tf.add(product, p.bias);
  return tf.reshape(biased, [...x.shape.slice(0, -1), output]);
}
