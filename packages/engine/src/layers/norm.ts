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
  return tf.add(tf.mul(unitMeanSquare(centred, epsilon), p.weight), p.bias);
}

/**
 * Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019), as in Llama.
 * @param x `[..., hidden]`
 */
export function rmsNorm(p: RmsNormParameters, x: Tensor, epsilon: number): Tensor {
  return tf.mul(unitMeanSquare(x, epsilon), p.weight);
}

/**
 * `x` divided by the root of its mean square over the last axis, with its gradient in closed form:
 * `dx = r (dy - y mean(dy y))` for `r = 1 / sqrt(mean(x^2) + epsilon)` and `y = r x`.
 */
function unitMeanSquare(x: Tensor, epsilon: number): Tensor {
  const operation = tf.customGrad((...inputs: (Tensor | tf.GradSaveFunc)[]) => {
    const [input, save] = inputs as [Tensor, tf.GradSaveFunc];
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), epsilon)); // [..., 1]
    const y = tf.mul(input, scale);
    save([scale, y]);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [r, unit] = saved as [Tensor, Tensor];
        return tf.mul(r, tf.sub(dy, tf.mul(unit, tf.mean(tf.mul(dy, unit), -1, true))));
      },
    };
  });
  return operation(x);
}
