import { expect } from 'vitest';

/** Norm of the difference over norm of the expectation, in float64. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i] ?? NaN;
    difference += ((actual[i] ?? NaN) - wanted) ** 2;
    norm += wanted ** 2;
  }
  return Math.sqrt(difference / Math.max(norm, 1e-30));
}

/** Compares tensors one after the other; the failure names the first that differs. @returns the worst error of all */
export function expectClose(
  actual: ReadonlyMap<string, ArrayLike<number>>,
  expected: ReadonlyMap<string, ArrayLike<number>>,
  tolerance: number,
): number {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  let worst = 0;
  for (const [name, values] of expected) {
    const error = relativeError(actual.get(name) ?? [], values);
    expect(error, `relative error of ${name}`).toBeLessThanOrEqual(tolerance);
    worst = Math.max(worst, error);
  }
  return worst;
}
