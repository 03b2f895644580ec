import { axes } from '@llava-ts/engine';
import type { TensorSpec, VariableAccess } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { KeysAndValues } from './attention.js';
import type { DecoderConfig } from './config.js';
import { decoder, embedTokens } from './decoder.js';
import type { Adapter } from './lora.js';
import { causalMask, paddingMask, slotNumbers, unwrittenMask } from './mask.js';
import type { DecoderParameters } from './parameters.js';
import { rotaryAt } from './rotary.js';

/** Keys and values of a conversation in the variables of a program: `slots` tokens for each of `batch` rows. */
export interface CacheSize {
  readonly batch: number;
  /** Prompt and answer together. */
  readonly slots: number;
}

/** A decoder with its cache, inside a recorded function. */
export interface CachedDecoder {
  readonly p: DecoderParameters;
  readonly config: DecoderConfig;
  readonly variables: VariableAccess;
  readonly size: CacheSize;
  readonly lora?: Adapter | undefined;
}

/**
 * The program variables of a cache: per layer keys and values of shape `[batch * keyHeads * slots, headDim]`, so that a
 * token's keys are rows that can be replaced, and all keys are a plain reshape away from the attention's layout.
 */
export function cacheVariables(config: DecoderConfig, { batch, slots }: CacheSize): Record<string, TensorSpec> {
  const shape = [batch * config.keyHeads * slots, config.headDim];
  const names = Array.from({ length: config.layers }, (_, layer) => [
    cacheName(layer, 'key'),
    cacheName(layer, 'value'),
  ]);
  return Object.fromEntries(names.flat().map((name) => [name, { shape }]));
}

function cacheName(layer: number, part: keyof KeysAndValues): string {
  return `cache.${layer}.${part}`;
}

/**
 * Runs the prompt and fills slots `0 .. tokens - 1` of the cache. Rows are padded in front, so that all end together.
 * @param embeddings `[batch, tokens, hidden]`
 * @param starts int32 `[batch]`: the slot of each row's first real token
 * @returns hidden state of the last token, `[batch, hidden]`
 */
export function prefill(cached: CachedDecoder, embeddings: Tensor, starts: Tensor): Tensor {
  const { batch, tokens } = axes(embeddings, 'batch tokens hidden');
  const { p, config, variables, size } = cached;
  const positions = tf.maximum(tf.sub(slotNumbers(tokens), tf.expandDims(starts, 1)), tf.scalar(0, 'int32')); // [batch, tokens]
  const lengths = tf.sub(tf.scalar(tokens, 'int32'), starts); // [batch]
  const rows = cacheRows(config, size, tokens);
  const hidden = decoder(p, embeddings, config, {
    rotary: rotaryAt(config, { positions, lengths, maxTokens: tokens }),
    lora: cached.lora,
    mask: tf.add(causalMask(tokens), paddingMask(starts, tokens)), // [batch, 1, tokens, tokens]
    remember: (layer, own) => {
      write(variables, layer, own, rows);
      return own;
    },
  });
  return tf.reshape(tf.slice(hidden, [0, tokens - 1, 0], [batch, 1, config.hidden]), [batch, config.hidden]);
}

/**
 * Runs one more token of every row.
 * @param ids int32 `[batch]`
 * @param slot int32 `[1]`: where this token goes, for all rows the same
 * @param starts as in {@link prefill}
 * @returns its hidden state, `[batch, hidden]`
 */
export function decodeStep(cached: CachedDecoder, ids: Tensor, slot: Tensor, starts: Tensor): Tensor {
  const { p, config, variables, size } = cached;
  const { batch, slots } = size;
  const reached = tf.sub(slot, starts); // [batch]
  const lengths = tf.add(reached, tf.scalar(1, 'int32'));
  const rows = tf.add(cacheRows(config, size, 1), slot); // [batch * keyHeads]
  const shape = [batch, config.keyHeads, slots, config.headDim];
  const hidden = decoder(p, embedTokens(p, tf.expandDims(ids, 1)), config, {
    rotary: rotaryAt(config, { positions: tf.expandDims(reached, 1), lengths, maxTokens: slots }),
    lora: cached.lora,
    mask: tf.add(unwrittenMask(slot, slots), paddingMask(starts, slots)), // [batch, 1, 1, slots]
    remember: (layer, own) => {
      write(variables, layer, own, rows);
      const all = (part: keyof KeysAndValues) => tf.reshape(variables.get(cacheName(layer, part)), shape);
      return { key: all('key'), value: all('value') };
    },
  });
  return tf.reshape(hidden, [batch, config.hidden]);
}

/** Rows of the cache variables that hold the first `tokens` slots, int32 `[batch * keyHeads * tokens]`. */
function cacheRows(config: DecoderConfig, { batch, slots }: CacheSize, tokens: number): Tensor {
  const rows = Int32Array.from(
    { length: batch * config.keyHeads * tokens },
    (_, i) => Math.floor(i / tokens) * slots + (i % tokens),
  );
  return tf.tensor1d(rows, 'int32');
}

function write(variables: VariableAccess, layer: number, own: KeysAndValues, rows: Tensor): void {
  for (const part of ['key', 'value'] as const) {
    const { headDim } = axes(own[part], 'batch keyHeads tokens headDim');
    variables.scatterRows(cacheName(layer, part), rows, tf.reshape(own[part], [-1, headDim]));
  }
}
