import { axes } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.js';
import { adaptedLinears } from './lora.js';
import type { BlockAdapter } from './lora.js';
import type { AttentionParameters } from './parameters.js';
import { rotate } from './rotary.js';
import type { Rotary } from './rotary.js';

/** Keys and values of one layer, each `[batch, keyHeads, slots, headDim]`. */
export interface KeysAndValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What attention knows beside its input. */
export interface AttentionContext {
  readonly rotary: Rotary;
  /** Added to the scores; broadcasts to `[batch, heads, tokens, slots]`. */
  readonly mask: Tensor;
  /** Stores this call's keys and values and returns those to attend to; without it a call sees only its own tokens. */
  readonly remember?: (own: KeysAndValues) => KeysAndValues;
  readonly adapter?: BlockAdapter | undefined;
}

/**
 * Causal self-attention with grouped keys and values: the only place where tokens look at each other.
 * @param x `[batch, tokens, hidden]`
 * @returns `[batch, tokens, hidden]`
 */
export function attention(p: AttentionParameters, x: Tensor, context: AttentionContext, config: DecoderConfig): Tensor {
  const { batch, tokens } = axes(x, 'batch tokens hidden');
  const { heads, keyHeads, headDim } = config;
  const project = adaptedLinears(p, context.adapter);
  const query = rotate(splitHeads(project('query', x), heads), context.rotary); // [batch, heads, tokens, headDim]
  const own = {
    key: rotate(splitHeads(project('key', x), keyHeads), context.rotary), // [batch, keyHeads, tokens, headDim]
    value: splitHeads(project('value', x), keyHeads), // [batch, keyHeads, tokens, headDim]
  };
  const seen = context.remember ? context.remember(own) : own;
  const mixed = attend(query, seen, context.mask); // [batch, heads, tokens, headDim]
  const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, tokens, heads * headDim]);
  return project('output', joined);
}

/**
 * Softmax attention in which each key head serves a group of query heads, without repeating keys or values: the queries
 * of a group lie one after the other along the tokens axis of one matrix product.
 * @param query `[batch, heads, tokens, headDim]`
 * @param seen keys and values `[batch, keyHeads, slots, headDim]`
 * @returns `[batch, heads, tokens, headDim]`
 */
export function attend(query: Tensor, { key, value }: KeysAndValues, mask: Tensor): Tensor {
  const { batch, heads, tokens, headDim } = axes(query, 'batch heads tokens headDim');
  const { keyHeads, slots } = axes(key, 'batch keyHeads slots headDim');
  const groupTokens = (heads / keyHeads) * tokens;
  // The query is scaled, not the scores: TensorFlow fuses product, scale and mask into a slow reference kernel.
  const scaled = tf.mul(query, headDim ** -0.5);
  const grouped = tf.reshape(scaled, [batch, keyHeads, groupTokens, headDim]);
  const scores = tf.matMul(grouped, key, false, true); // [batch, keyHeads, groupTokens, slots]
  const masked = tf.add(tf.reshape(scores, [batch, heads, tokens, slots]), mask);
  const weights = tf.reshape(tf.softmax(masked), [batch, keyHeads, groupTokens, slots]);
  return tf.reshape(tf.matMul(weights, value), [batch, heads, tokens, headDim]);
}

/** `[batch, tokens, heads * headDim]` to `[batch, heads, tokens, headDim]`. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const { batch, tokens, width } = axes(x, 'batch tokens width');
  return tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}
