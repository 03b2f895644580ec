import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseBuckets } from './choose-buckets.js';

/** Tokens after padding every length to the next bucket. */
function padded(lengths: readonly number[], buckets: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + Math.min(...buckets.filter((bucket) => bucket >= length)), 0);
}

function subsets(values: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return values.flatMap((value, at) => subsets(values.slice(at + 1), size - 1).map((rest) => [value, ...rest]));
}

describe('chooseBuckets', () => {
  it('wastes no more than any other choice of as many buckets', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        (lengths, count) => {
          const { bucketTokens, waste } = chooseBuckets(lengths, count, 4);
          const sizes = [...new Set(lengths.map((length) => Math.ceil(length / 4) * 4))].sort((a, b) => a - b);
          const longest = sizes.at(-1)!;
          const others = subsets(sizes.slice(0, -1), Math.min(count, sizes.length) - 1).map((some) =>
            padded(lengths, [...some, longest]),
          );
          const ours = padded(lengths, bucketTokens);
          expect(bucketTokens.length).toBeLessThanOrEqual(count);
          expect(bucketTokens).toEqual([...bucketTokens].sort((a, b) => a - b));
          expect(ours).toBe(Math.min(...others));
          expect(waste).toBeCloseTo(1 - lengths.reduce((sum, length) => sum + length, 0) / ours);
        },
      ),
    );
  });
});
