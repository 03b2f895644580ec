import type { Random } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';

/** How the next token is chosen. Without a temperature (or with 0) it is the likeliest. */
export interface Sampling {
  readonly temperature?: number;
  /** Only this many of the likeliest tokens can be chosen. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability can be chosen (Holtzman et al. 2019). */
  readonly topP?: number;
}

/**
 * Chooses a token from its scores; temperature, top-k and top-p act in this order, as in transformers.
 * @param logits `[vocab]`
 * @throws LlavaError `internal` when no score is a number
 */
export function chooseToken(logits: Float32Array, { temperature = 0, topK, topP }: Sampling, random: Random): number {
  if (temperature === 0) return likeliest(logits);
  const ranked = rank(logits, topK ?? logits.length);
  const best = logits[ranked[0] ?? 0] ?? NaN;
  const weights = ranked.map((id) => Math.exp(((logits[id] ?? NaN) - best) / temperature));
  const kept = topP === undefined ? weights : weights.slice(0, nucleus(weights, topP));
  let rest = random.uniform() * sum(kept);
  const chosen = kept.findIndex((weight) => (rest -= weight) < 0);
  return ranked[chosen < 0 ? kept.length - 1 : chosen] ?? likeliest(logits);
}

function likeliest(logits: Float32Array): number {
  let best = -1;
  let bestLogit = -Infinity;
  logits.forEach((logit, id) => {
    if (logit > bestLogit) [best, bestLogit] = [id, logit];
  });
  if (best < 0)
    throw new LlavaError('internal', 'The model gave no token a score that is a number; its weights are damaged.');
  return best;
}

/** The `count` likeliest tokens, likeliest first; equal scores in the order of their ids. */
function rank(logits: Float32Array, count: number): number[] {
  const ids = Array.from(logits.keys());
  return ids.sort((a, b) => (logits[b] ?? NaN) - (logits[a] ?? NaN) || a - b).slice(0, Math.max(1, count));
}

/** How many of the leading weights reach a share of their sum; at least one. */
function nucleus(weights: readonly number[], share: number): number {
  let open = share * sum(weights);
  const last = weights.findIndex((weight) => (open -= weight) <= 0);
  return last < 0 ? weights.length : last + 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
