import { axes } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Multi-head attention without its projections: every token takes a mixture of what it looks at.
 * @param query `[images, tokens, heads * headDim]`
 * @param key `[images, seen, heads * headDim]`, and so is `value`
 * @returns `[images, tokens, heads * headDim]`
 */
export function attend(query: Tensor, key: Tensor, value: Tensor, heads: number): Tensor {
  const { images, tokens, width } = axes(query, 'images tokens width');
  const split = (x: Tensor) =>
    tf.transpose(tf.reshape(x, [images, x.shape[1] ?? 0, heads, width / heads]), [0, 2, 1, 3]);
  const scaled = split(tf.mul(query, (width / heads) ** -0.5)); // [images, heads, tokens, headDim]
  const scores = tf.matMul(scaled, split(key), false, true); // [images, heads, tokens, seen]
  const mixed = tf.matMul(tf.softmax(scores), split(value)); // [images, heads, tokens, headDim]
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [images, tokens, width]);
}

/** The same learned tokens for every image: `[tokens, hidden]`, or one in front, to `[images, tokens, hidden]`. */
export function forEveryImage(learned: Tensor, images: number): Tensor {
  const [tokens = 0, hidden = 0] = learned.shape.slice(-2);
  return tf.add(tf.zeros([images, tokens, hidden]), learned);
}
