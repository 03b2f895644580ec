import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nodeBackend } from '../node-backend.js';
import { typeAttribute } from './attributes.js';

/**
 * Cross-entropy of each row with the index of its true class, through TensorFlow's fused kernel:
 * loss and gradient in one pass, no one-hot table.
 * @param logits `[rows, vocab]` float32
 * @param labels `[rows]` int32; a negative label gives loss 0 and no gradient
 * @returns `[rows]` float32, in nats
 */
export function sparseCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const supervised = tf.cast(tf.greaterEqual(labels, tf.scalar(0, 'int32')), 'float32'); // [rows]
  const targets = tf.maximum(labels, tf.scalar(0, 'int32')); // [rows]
  const fused = tf.customGrad((...inputs: (Tensor | tf.GradSaveFunc)[]) => {
    const [x, save] = inputs as [Tensor, tf.GradSaveFunc];
    const [loss, gradient] = nodeBackend().executeMultipleOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      [typeAttribute('T', 'float32'), typeAttribute('Tlabels', 'int32')],
      [x, targets],
      2,
    ) as [Tensor, Tensor];
    save([gradient]);
    return {
      value: loss,
      gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(saved[0] as Tensor, tf.expandDims(dy, 1)), // [rows, vocab]
    };
  });
  return tf.mul(fused(logits), supervised);
}
