import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

/**
 * Puts our gradients of sums and means in the place of tfjs's, which multiply by a table of ones of the input's size:
 * the table is made on the host, which alone is gigabytes while a large model is recorded. Repeating the gradient does it.
 */
export function registerReductionGradients(): void {
  tf.registerGradient(reductionGradient('Sum', () => 1));
  tf.registerGradient(reductionGradient('Mean', (reduced) => 1 / reduced));
}

function reductionGradient(kernelName: string, scale: (reducedValues: number) => number): GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy: Tensor | Tensor[], saved: Tensor[], attrs: NamedAttrMap) => {
      const { shape } = saved[0] as Tensor;
      const axes = new Set(tf.util.parseAxisParam((attrs as { axis: number | number[] }).axis, shape));
      const kept = shape.map((size, axis) => (axes.has(axis) ? 1 : size));
      const repeats = shape.map((size, axis) => (axes.has(axis) ? size : 1));
      const factor = scale(repeats.reduce((product, size) => product * size, 1));
      return {
        x: () => {
          const gradient = tf.reshape(dy as Tensor, kept);
          return tf.tile(factor === 1 ? gradient : tf.mul(gradient, factor), repeats);
        },
      };
    },
  };
}
