import { describe, expect, it } from 'vitest';
import { cosineLearningRate, warmupSteps } from './schedule.js';

describe('cosine schedule', () => {
  it('rises over the warm-up, holds the peak once and falls to nearly zero', () => {
    const rates = Array.from({ length: 8 }, (_, step) =>
      cosineLearningRate(step, 8, { learningRate: 1e-3, warmupRatio: 0.25 }),
    );
    const expected = [0.5, 1, 1, 0.9330127, 0.75, 0.5, 0.25, 0.0669873].map((share) => share * 1e-3);
    rates.forEach((rate, step) => expect(rate).toBeCloseTo(expected[step]!, 9));
  });

  it('counts warm-up steps as transformers does', () => {
    expect(warmupSteps(2181, 0.03)).toBe(66);
    expect(warmupSteps(10, 0)).toBe(0);
  });

  it('starts at the peak when there is no warm-up', () => {
    expect(cosineLearningRate(0, 10, { learningRate: 2e-5, warmupRatio: 0 })).toBe(2e-5);
  });

  it('learns in the only step of a stage', () => {
    expect(cosineLearningRate(0, 1, { learningRate: 1, warmupRatio: 0.03 })).toBe(1);
  });
});
