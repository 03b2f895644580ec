import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderConfig, RopeScaling } from './config.js';

/**
 * Cosines and signed sines of every position, ready to multiply `[batch, heads, tokens, headDim]`:
 * `[tokens, headDim]` when all rows start at position 0, `[batch, 1, tokens, headDim]` when they do not.
 */
export interface Rotary {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * Rotates queries or keys by their position (RoFormer, eq. 34), in the half-split form of Hugging Face's `rotate_half`:
 * feature `i` turns together with feature `i + headDim / 2`.
 * @param x `[batch, heads, tokens, headDim]`
 * @returns the same shape
 */
export function rotate(x: Tensor, { cos, sin }: Rotary): Tensor {
  const [first, second] = tf.split(x, 2, 3) as [Tensor, Tensor];
  return tf.add(tf.mul(x, cos), tf.mul(tf.concat([second, first], 3), sin));
}

/** Rotary tables of positions `0 .. tokens - 1`, both `[tokens, headDim]`. */
export function rotaryTable(config: DecoderConfig, tokens: number): Rotary {
  const frequencies = rotaryFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(tokens * half * 2);
  const sin = new Float32Array(tokens * half * 2);
  for (let position = 0; position < tokens; position++) {
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(position * frequency);
      const at = position * half * 2 + i;
      cos[at] = cos[at + half] = Math.cos(angle);
      sin[at + half] = Math.sin(angle);
      sin[at] = -Math.sin(angle); // the sign of rotate_half's first half
    });
  }
  const shape: [number, number] = [tokens, half * 2];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/**
 * Rotary tables of given positions, for rows that do not start at 0.
 * @param table of all positions, `[maxTokens, headDim]`
 * @param positions int32 `[batch, tokens]`
 * @returns both `[batch, 1, tokens, headDim]`
 */
export function rotaryAt(table: Rotary, positions: Tensor): Rotary {
  const at = (all: Tensor) => tf.expandDims(tf.gather(all, positions), 1);
  return { cos: at(table.cos), sin: at(table.sin) };
}

/** Angle per position of each of the `headDim / 2` feature pairs, in float32 as the reference computes them. */
export function rotaryFrequencies(config: DecoderConfig): Float32Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const plain = Float32Array.from({ length: headDim / 2 }, (_, i) => 1 / Math.fround(ropeTheta ** ((2 * i) / headDim)));
  return ropeScaling ? plain.map((frequency) => scaleFrequency(frequency, ropeScaling)) : plain;
}

/** Hugging Face's `modeling_rope_utils.py`: `_compute_linear_scaling_rope_parameters`, `_compute_llama3_parameters`. */
function scaleFrequency(frequency: number, scaling: RopeScaling): number {
  if (scaling.kind === 'linear') return frequency / scaling.factor;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxTokens } = scaling;
  const turns = (originalMaxTokens * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const smooth = (turns - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
