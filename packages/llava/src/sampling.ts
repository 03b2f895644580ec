import type { Random } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';

/** How the next token is chosen. Without a temperature (or with 0) it is the likeliest. */
export interface Sampling {
  /** Scores of tokens that the prompt or the answer holds already are divided by this (multiplied where they are negative; Keskar et al. 2019). */
  readonly repetitionPenalty?: number;
  readonly temperature?: number;
  /** Only this many of the likeliest tokens can be chosen, and those that score as much as the last of them. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have this probability can be chosen (Holtzman et al. 2019). */
  readonly topP?: number;
}

/** Tokens that can be chosen, likeliest first unless all can be, and how likely each is. */
export interface Candidates {
  readonly ids: Int32Array;
  /** Sums to 1. */
  readonly probabilities: Float64Array;
}

/**
 * Chooses a token from its scores. Repetition penalty, temperature, top-k and top-p act in this order, as in transformers.
 * @param logits `[vocab]`
 * @param seen tokens of the prompt and of the answer so far
 * @throws LlavaError `internal` when no score is a number
 */
export function chooseToken(
  logits: Float32Array,
  sampling: Sampling,
  { random, seen = [] }: { readonly random: Random; readonly seen?: Iterable<number> },
): number {
  const scores = penaliseRepetition(logits, sampling.repetitionPenalty ?? 1, seen);
  const best = likeliest(scores);
  if ((sampling.temperature ?? 0) === 0) return best;
  const { ids, probabilities } = candidates(scores, sampling);
  let rest = random.uniform();
  const chosen = probabilities.findIndex((probability) => (rest -= probability) < 0);
  return ids[chosen < 0 ? ids.length - 1 : chosen] ?? best;
}

/** Scores with those of seen tokens moved away from being chosen; the same array where there is no penalty. */
export function penaliseRepetition(logits: Float32Array, penalty: number, seen: Iterable<number>): Float32Array {
  if (penalty === 1) return logits;
  const scores = logits.slice();
  for (const id of new Set(seen)) {
    const score = logits[id];
    if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty;
  }
  return scores;
}

/** The tokens that sampling can choose. @param logits `[vocab]`, after the repetition penalty */
export function candidates(logits: Float32Array, { temperature = 1, topK, topP = 1 }: Sampling): Candidates {
  const scores = logits.map((logit) => (Number.isNaN(logit) ? -Infinity : logit / temperature));
  const sorted = scores.slice().sort().reverse(); // numbers: the native sort, far quicker than one of ids with a comparison
  const best = sorted[0] ?? 0;
  const least = sorted[Math.max(1, Math.min(topK ?? sorted.length, sorted.length)) - 1] ?? -Infinity;
  const among = topK === undefined && topP >= 1 ? allIds(scores) : rankedIds(scores, least);
  const weights = Float64Array.from(among, (id) => Math.exp((scores[id] ?? -Infinity) - best));
  const kept = topP >= 1 ? among.length : nucleus(weights, topP);
  const total = sum(weights.subarray(0, kept));
  return { ids: among.subarray(0, kept), probabilities: weights.subarray(0, kept).map((weight) => weight / total) };
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

function allIds(scores: Float32Array): Int32Array {
  return Int32Array.from(scores, (_, id) => id);
}

/** Tokens with at least some score, likeliest first; equal scores in the order of their ids. */
function rankedIds(scores: Float32Array, least: number): Int32Array {
  const ids = allIds(scores).filter((id) => (scores[id] ?? -Infinity) >= least);
  return ids.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
}

/** How many of the leading weights reach a share of their sum; at least one. */
function nucleus(weights: Float64Array, share: number): number {
  let open = share * sum(weights);
  const last = weights.findIndex((weight) => (open -= weight) <= 0);
  return last < 0 ? weights.length : last + 1;
}

function sum(numbers: Float64Array): number {
  return numbers.reduce((total, number) => total + number, 0);
}
