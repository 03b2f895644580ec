import { axes } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Puts visual tokens in the place of their placeholders: one gather from the rows of both.
 * @param text embeddings of all tokens, placeholders too, `[batch, tokens, hidden]`
 * @param visual `[images, imageTokens, hidden]`
 * @param visualIndex int32 `[batch, tokens]`: -1 keeps the text, else the row in `visual` flattened to `[images * imageTokens, hidden]`
 * @returns `[batch, tokens, hidden]`
 */
export function splice(text: Tensor, visual: Tensor, visualIndex: Tensor): Tensor {
  const { batch, tokens, hidden } = axes(text, 'batch tokens hidden');
  const count = batch * tokens;
  const rows = tf.concat([tf.reshape(text, [count, hidden]), tf.reshape(visual, [-1, hidden])], 0); // [count + images * imageTokens, hidden]
  const own = tf.tensor2d(
    Int32Array.from({ length: count }, (_, row) => row),
    [batch, tokens],
    'int32',
  );
  const isText = tf.less(visualIndex, tf.scalar(0, 'int32')); // [batch, tokens]
  return tf.gather(rows, tf.where(isText, own, tf.add(visualIndex, tf.scalar(count, 'int32'))));
}
