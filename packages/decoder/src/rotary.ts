import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.js';
import { attentionFactor, rotaryFrequencies } from './rope-frequencies.js';

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

/**
 * Rotary tables of positions `0 .. tokens - 1`, both `[tokens, headDim]`. With dynamic scaling they are those of a sequence
 * of `tokens`, padding included, as in transformers.
 */
export function rotaryTable(config: DecoderConfig, tokens: number): Rotary {
  const frequencies = rotaryFrequencies(config, tokens);
  const factor = attentionFactor(config);
  const half = frequencies.length;
  const cos = new Float32Array(tokens * half * 2);
  const sin = new Float32Array(tokens * half * 2);
  for (let position = 0; position < tokens; position++) {
    frequencies.forEach((frequency, i) => {
      const angle = Math.fround(position * frequency);
      const at = position * half * 2 + i;
      cos[at] = cos[at + half] = Math.cos(angle) * factor;
      sin[at + half] = Math.sin(angle) * factor;
      sin[at] = -Math.sin(angle) * factor; // the sign of rotate_half's first half
    });
  }
  const shape: [number, number] = [tokens, half * 2];
  return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
}

/** Where the tokens of some rows stand. */
export interface Positions {
  /** Below `maxTokens`, int32 `[batch, tokens]`. */
  readonly positions: Tensor;
  /** Tokens of each row's sequence so far, int32 `[batch]`: what dynamic scaling depends on. */
  readonly lengths: Tensor;
  readonly maxTokens: number;
}

/** Rotary tables of given positions, for rows that do not start at 0, both `[batch, 1, tokens, headDim]`. */
export function rotaryAt(config: DecoderConfig, { positions, lengths, maxTokens }: Positions): Rotary {
  if (config.ropeScaling?.kind === 'dynamic' && maxTokens > config.maxTokens) {
    return dynamicRotary(config, { positions, lengths, maxTokens });
  }
  const table = rotaryTable(config, maxTokens);
  const at = (all: Tensor) => tf.expandDims(tf.gather(all, positions), 1);
  return { cos: at(table.cos), sin: at(table.sin) };
}

/** Every row turns as fast as its own length says. */
function dynamicRotary(config: DecoderConfig, { positions, lengths, maxTokens }: Positions): Rotary {
  const half = config.headDim / 2;
  const perLength = new Float32Array(maxTokens * half);
  for (let length = 1; length <= maxTokens; length++)
    perLength.set(rotaryFrequencies(config, length), (length - 1) * half);
  const table = tf.tensor2d(perLength, [maxTokens, half]);
  const frequencies = tf.gather(table, tf.sub(lengths, tf.scalar(1, 'int32'))); // [batch, half]
  const angles = tf.mul(tf.expandDims(tf.cast(positions, 'float32'), 2), tf.expandDims(frequencies, 1)); // [batch, tokens, half]
  const sin = tf.sin(angles);
  const cos = tf.cos(angles);
  return {
    cos: tf.expandDims(tf.concat([cos, cos], 2), 1),
    sin: tf.expandDims(tf.concat([tf.neg(sin), sin], 2), 1),
  };
}
