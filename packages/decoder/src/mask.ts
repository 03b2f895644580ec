import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Added to the score of a token that must not be seen; its softmax is then exactly 0 in float32 and bfloat16. */
const HIDDEN = -1e9;

/** Hides later tokens: 0 where `key <= query`, -1e9 above the diagonal, `[tokens, tokens]`. */
export function causalMask(tokens: number): Tensor {
  const key = slotNumbers(tokens); // [tokens]
  const query = tf.reshape(key, [tokens, 1]);
  return hide(tf.greater(key, query)); // [tokens, tokens]
}

/**
 * Hides the padding in front of each row.
 * @param starts int32 `[batch]`: the slot of each row's first real token
 * @returns `[batch, 1, 1, slots]`
 */
export function paddingMask(starts: Tensor, slots: number): Tensor {
  const padded = tf.less(slotNumbers(slots), tf.expandDims(starts, 1)); // [batch, slots]
  return tf.reshape(hide(padded), [-1, 1, 1, slots]);
}

/**
 * Hides the other samples of a packed row.
 * @param segments int32 `[batch, tokens]`: the number of each token's sample
 * @returns `[batch, 1, tokens, tokens]`
 */
export function segmentMask(segments: Tensor): Tensor {
  const other = tf.notEqual(tf.expandDims(segments, 1), tf.expandDims(segments, 2)); // [batch, tokens, tokens]
  return tf.expandDims(hide(other), 1);
}

/**
 * Hides the slots that no token has reached yet.
 * @param slot int32 `[1]`: the slot of the newest token
 * @returns `[slots]`
 */
export function unwrittenMask(slot: Tensor, slots: number): Tensor {
  return hide(tf.greater(slotNumbers(slots), slot));
}

/** `0 .. slots - 1` as int32 `[slots]`. */
export function slotNumbers(slots: number): Tensor {
  return tf.tensor1d(
    Int32Array.from({ length: slots }, (_, slot) => slot),
    'int32',
  );
}

function hide(hidden: Tensor): Tensor {
  return tf.mul(tf.cast(hidden, 'float32'), HIDDEN);
}
