import { readFile } from 'node:fs/promises';
import { candidates, penaliseRepetition } from '@llava-ts/llava';
import type { Sampling } from '@llava-ts/llava';
import { expect, it } from 'vitest';

interface SamplingCase {
  readonly settings: Sampling;
  readonly logits: readonly number[];
  readonly seen: readonly number[];
  readonly probabilities: readonly number[];
}

const cases = JSON.parse(await readFile(new URL('sampling.json', import.meta.url), 'utf8')) as SamplingCase[];

it.each(cases)("gives every token the probability of transformers' processors: $settings", (golden) => {
  const { settings, logits, seen, probabilities } = golden;
  const scores = penaliseRepetition(Float32Array.from(logits), settings.repetitionPenalty ?? 1, seen);
  const possible = candidates(scores, settings);
  const ours = new Float64Array(logits.length);
  possible.ids.forEach((id, index) => (ours[id] = possible.probabilities[index]!));
  probabilities.forEach((probability, id) => {
    expect(ours[id]! > 0, `token ${id} can be chosen`).toBe(probability > 0);
    expect(ours[id], `token ${id}`).toBeCloseTo(probability, 5);
  });
});
