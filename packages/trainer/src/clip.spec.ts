import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradientScales } from './clip.js';

describe('global-norm clipping', () => {
  it('takes the norm of the mean gradient over label tokens', () => {
    const { gradNorm, gradientScale } = gradientScales(
      new Map([
        ['a', [4, 5]],
        ['b', [16]],
      ]),
      10,
      null,
    );
    expect(gradientScale).toBe(0.1);
    expect(gradNorm).toBeCloseTo(0.5, 12);
  });

  it('brings a long gradient down to the limit and leaves a short one alone', () => {
    expect(gradientScales(new Map([['a', [100]]]), 1, 1).clipScale).toBeCloseTo(0.1, 6);
    expect(gradientScales(new Map([['a', [0.25]]]), 1, 1).clipScale).toBe(1);
    expect(gradientScales(new Map([['a', [1e12]]]), 1, null).clipScale).toBe(1);
  });

  it('gives the same bits in whatever order shards report their tensors', () => {
    const entries = fc.uniqueArray(
      fc.tuple(fc.string({ minLength: 1 }), fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }))),
      { selector: ([name]) => name },
    );
    fc.assert(
      fc.property(entries, (squares) => {
        const forth = gradientScales(new Map(squares), 7, 1);
        const back = gradientScales(new Map([...squares].reverse()), 7, 1);
        expect(back).toEqual(forth);
      }),
    );
  });

  it('does not divide by zero when a step has no label token', () => {
    expect(gradientScales(new Map([['a', [0]]]), 0, 1)).toEqual({ gradientScale: 1, clipScale: 1, gradNorm: 0 });
  });
});
