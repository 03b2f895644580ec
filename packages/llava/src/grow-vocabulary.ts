import type { DecoderConfig } from '@llava-ts/decoder';
import type { Weights } from './read-parameters.js';

/** Vocabularies grow to a multiple of this, as transformers' conversion of LLaVA does (32000 to 32064). */
const VOCAB_MULTIPLE = 64;

/**
 * Makes room for a token: new rows of the embedding and of the output layer, each the mean of the old ones, as LLaVA
 * starts its new tokens (`initialize_vision_tokenizer`). Unchanged where there is room already.
 */
export function growVocabulary(
  config: DecoderConfig,
  weights: Weights,
  tokenId: number,
): { config: DecoderConfig; weights: Weights } {
  const larger = grownVocab(config, tokenId);
  if (larger === config) return { config, weights };
  const grown = new Map(weights);
  for (const path of ['embedding.weight', 'head.weight']) {
    const rows = weights.get(path);
    if (rows !== undefined) grown.set(path, appendMeanRows(rows, config.hidden, larger.vocab));
  }
  return { config: larger, weights: grown };
}

/** The decoder with room for a token; the same one where there is room already. */
export function grownVocab(config: DecoderConfig, tokenId: number): DecoderConfig {
  if (tokenId < config.vocab) return config;
  return { ...config, vocab: Math.ceil((tokenId + 1) / VOCAB_MULTIPLE) * VOCAB_MULTIPLE };
}

/** `[rows, hidden]` with rows of the mean up to `vocab`. */
export function appendMeanRows(rows: Float32Array, hidden: number, vocab: number): Float32Array {
  const sums = new Float64Array(hidden);
  rows.forEach((value, i) => (sums[i % hidden] = (sums[i % hidden] ?? 0) + value));
  const mean = Float32Array.from(sums, (sum) => sum / (rows.length / hidden));
  const grown = new Float32Array(vocab * hidden);
  grown.set(rows);
  for (let row = rows.length / hidden; row < vocab; row++) grown.set(mean, row * hidden);
  return grown;
}
