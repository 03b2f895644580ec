import { expect } from 'vitest';

/**
 * A tensor this much smaller than the largest of its group is rounding (the gradient of a key's bias, which a softmax ignores, is
 * zero but for that): its error is relative to this share of the largest.
 */
const ROUNDING = 1e-5;

/** Norm of the difference over norm of the expectation, or over `floor` if that is more; in float64. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-15): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i] ?? NaN;
    difference += ((actual[i] ?? NaN) - wanted) ** 2;
    squares += wanted ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(squares), floor);
}

/** The relative error of every expected tensor; Infinity for one that is missing or of another size. */
export function relativeErrors(
  actual: ReadonlyMap<string, ArrayLike<number>>,
  expected: ReadonlyMap<string, ArrayLike<number>>,
): Map<string, number> {
  const norms = Array.from(expected.values(), (values) => norm(values));
  const floor = ROUNDING * Math.max(...norms, 0);
  return new Map(
    Array.from(expected, ([name, values]) => [name, relativeError(actual.get(name) ?? [], values, floor)]),
  );
}

/** Compares tensors one after the other; the failure names the first that differs. @returns the worst error of all */
export function expectClose(
  actual: ReadonlyMap<string, ArrayLike<number>>,
  expected: ReadonlyMap<string, ArrayLike<number>>,
  tolerance: number,
): number {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  let worst = 0;
  const errors = relativeErrors(actual, expected);
  for (const [name, error] of errors) {
    expect(error, `relative error of ${name}`).toBeLessThanOrEqual(tolerance);
    worst = Math.max(worst, error);
  }
  return worst;
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? NaN) ** 2;
  return Math.sqrt(sum);
}
