import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { groupedOrder, groupedTails } from './grouped-order.js';

const setOf = (lengths: readonly { text: number; picture: boolean }[]) => ({
  samples: lengths.length,
  textLength: (ordinal: number) => lengths[ordinal]!.text,
  hasPicture: (ordinal: number) => lengths[ordinal]!.picture,
});

describe('groupedOrder', () => {
  it('has every index once, and no batch with both kinds', () => {
    const sample = fc.record({ text: fc.nat(500), picture: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(3),
        (lengths, batchSamples, epoch) => {
          const set = setOf(lengths);
          const order = [...groupedOrder({ ...set, seed: 1, epoch, batchSamples, microBatchSamples: 2 })];
          expect([...order].sort((a, b) => a - b)).toEqual(lengths.map((_, at) => at));
          const tails = groupedTails({ ...set, batchSamples });
          const full = (lengths.length - tails.reduce((sum, size) => sum + size, 0)) / batchSamples;
          let at = 0;
          for (const size of [...Array<number>(full).fill(batchSamples), ...tails]) {
            const kinds = new Set(order.slice(at, (at += size)).map((ordinal) => lengths[ordinal]!.picture));
            expect(kinds.size).toBe(1);
          }
          expect(at).toBe(lengths.length);
        },
      ),
    );
  });

  it('is the same for the same seed and epoch, another one for others, and pads little', () => {
    const set = setOf(Array.from({ length: 2000 }, (_, at) => ({ text: (at * 7919) % 1000, picture: at % 3 > 0 })));
    const order = (epoch: number): Uint32Array =>
      groupedOrder({ ...set, seed: 1, epoch, batchSamples: 32, microBatchSamples: 8 });
    expect(order(0)).toEqual(order(0));
    expect(order(0)).not.toEqual(order(1));
    const waste = (ordinals: readonly number[]): number => {
      let [used, padded] = [0, 0];
      for (let at = 0; at < ordinals.length; at += 8) {
        const lengths = ordinals.slice(at, at + 8).map((ordinal) => set.textLength(ordinal));
        used += lengths.reduce((sum, length) => sum + length, 0);
        padded += Math.max(...lengths) * lengths.length;
      }
      return 1 - used / padded;
    };
    expect(waste(Array.from({ length: 2000 }, (_, at) => at))).toBeGreaterThan(0.3);
    expect(waste([...order(0)])).toBeLessThan(0.04);
  });
});
