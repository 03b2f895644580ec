import { imageTokens } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import type { ModelConfig, StageConfig } from '@llava-ts/trainer';

import { countParameters } from './count-parameters.js';

/** Bytes on a worker's device while it computes the longest micro-batch of a stage. */
export interface WorkerMemory {
  /** Float32, all parameters that are computed with. */
  readonly weights: number;
  /** Copies of the matrices in bfloat16, when the precision is that. */
  readonly weightCopies: number;
  /** Float32 sums of what learns, over the micro-batches of a lease. */
  readonly gradients: number;
  /** The largest gradients on their way into the sums. */
  readonly gradientsInFlight: number;
  /** What the forward pass leaves for the backward pass. */
  readonly activations: number;
  /** Scores of the vocabulary and their gradient, float32. */
  readonly logits: number;
  readonly total: number;
}

/** The settings of a stage that its memory depends on. */
export type MemorySettings = Pick<StageConfig, 'trainable' | 'microBatchSamples' | 'bucketTokens'> &
  Pick<ModelConfig, 'precision' | 'recompute'>;

const FLOAT = 4;

/** Estimates a worker's memory from shapes; `tests/integration/plan-memory.spec.ts` compares activations with a measured step. */
export function workerMemory(config: LlavaConfig, settings: MemorySettings): WorkerMemory {
  const all = countParameters(config);
  const learning = countParameters(config, settings.trainable);
  const half = settings.precision === 'bfloat16';
  const bytes = {
    weights: FLOAT * all.all,
    weightCopies: half ? 2 * all.matrices : 0,
    gradients: FLOAT * learning.all,
    gradientsInFlight: 2 * FLOAT * learning.largest,
    activations: activationBytes(config, settings),
    logits: logitBytes(config, settings),
  };
  return { ...bytes, total: Object.values(bytes).reduce((sum, size) => sum + size, 0) };
}

/**
 * Bytes that the forward pass keeps: all of every block, or with recomputation the input of every block and all of one.
 * @param settings its longest bucket counts
 */
export function activationBytes(config: LlavaConfig, settings: MemorySettings): number {
  const { decoder, vision } = config;
  const { microBatchSamples, bucketTokens, precision, recompute } = settings;
  const tokens = Math.max(...bucketTokens);
  const rows = microBatchSamples * tokens;
  const block = rows * blockBytesPerToken(config, tokens, precision);
  const input = rows * decoder.hidden * FLOAT;
  const blocks = recompute ? decoder.layers * input + block : decoder.layers * block;
  const features = microBatchSamples * imageTokens(config) * (vision.hidden + 3 * decoder.hidden) * FLOAT;
  return blocks + features + 2 * input; // embeddings, and what the last norm leaves
}

/** What one decoder block keeps for a token: norms and residuals in float32, products and their inputs in the precision. */
function blockBytesPerToken({ decoder }: LlavaConfig, tokens: number, precision: MemorySettings['precision']): number {
  const { hidden, inner, heads, keyHeads, headDim } = decoder;
  const [query, key] = [heads * headDim, keyHeads * headDim];
  const element = precision === 'bfloat16' ? 2 : FLOAT;
  const repeated = keyHeads === heads ? 0 : 2 * query; // keys and values, once for each head that reads them
  const products = 2 * hidden + 3 * query + 3 * key + repeated + 4 * inner;
  const floats = 4 * hidden + 2 * (query + key); // two residuals, two norms; rotated queries and keys
  const scores = heads * tokens * (FLOAT + (precision === 'bfloat16' ? 2 : 0)); // probabilities, and their copy for the product
  return products * element + floats * FLOAT + scores;
}

/** Scores, probabilities and the gradient of the scores, `[rows, vocab]` each. */
function logitBytes({ decoder }: LlavaConfig, { microBatchSamples, bucketTokens, precision }: MemorySettings): number {
  const rows = microBatchSamples * Math.max(...bucketTokens);
  return rows * decoder.vocab * (3 * FLOAT + (precision === 'bfloat16' ? 2 : 0));
}
