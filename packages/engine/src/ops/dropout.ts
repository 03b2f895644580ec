import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { nodeBackend } from '../node-backend.js';
import { typeAttribute } from './attributes.js';

/**
 * Sets a share of the values to zero and scales the others up to keep the mean (Srivastava et al. 2014).
 * The seed alone decides which: the same on every run, with any number of threads (TensorFlow's counter-based Philox).
 * @param rate share that is left out, in [0, 1)
 * @param seed int32 `[2]`
 */
export function dropout(x: Tensor, rate: number, seed: Tensor): Tensor {
  const kept = tf.cast(tf.greaterEqual(uniform(x.shape, seed), rate), 'float32');
  return tf.mul(x, tf.mul(kept, 1 / (1 - rate)));
}

/** Numbers in [0, 1), float32; no gradient goes through them. */
function uniform(shape: readonly number[], seed: Tensor): Tensor {
  return nodeBackend().executeSingleOutput(
    'StatelessRandomUniform',
    [typeAttribute('dtype', 'float32'), typeAttribute('T', 'int32'), typeAttribute('Tseed', 'int32')],
    [tf.tensor1d([...shape], 'int32'), seed],
  );
}
