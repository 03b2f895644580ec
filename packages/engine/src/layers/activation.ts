import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** GELU in its exact form, `x * Phi(x)` with the error function: PyTorch's `nn.GELU()`. */
export function gelu(x: Tensor): Tensor {
  const half = tf.mul(x, 0.5);
  return tf.add(half, tf.mul(half, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** GELU approximated with a hyperbolic tangent, `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`: PyTorch's `approximate='tanh'`. */
export function geluTanh(x: Tensor): Tensor {
  const cubic = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1)); // x + 0.044715 x^3
  const half = tf.mul(x, 0.5);
  return tf.add(half, tf.mul(half, tf.tanh(tf.mul(cubic, Math.sqrt(2 / Math.PI)))));
}

/** `x * sigmoid(1.702 x)`: OpenAI CLIP's approximation of GELU. */
export function quickGelu(x: Tensor): Tensor {
  return tf.mul(x, tf.sigmoid(tf.mul(x, 1.702)));
}

/** `x * sigmoid(x)` (also called swish): the gate of Llama's MLP. */
export function silu(x: Tensor): Tensor {
  return tf.mul(x, tf.sigmoid(x));
}
