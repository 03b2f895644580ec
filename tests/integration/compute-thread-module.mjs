// A compute module for compute-thread.spec.ts: real TensorFlow work in a thread.
import { compile, loadTensorflow } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';

export async function create({ size }) {
  await loadTensorflow();
  const program = compile({
    variables: {},
    functions: { product: { inputs: { x: { shape: [size, size] } }, run: ({ x }) => ({ y: tf.matMul(x, x) }) } },
  });
  return {
    product: (x) => program.call('product', { x }).y,
    many: ({ x, times }) => {
      for (let count = 0; count < times; count += 1) program.call('product', { x });
      return times;
    },
    fail: () => {
      throw new LlavaError('mismatch', 'two things differ');
    },
  };
}
