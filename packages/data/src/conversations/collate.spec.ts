import { describe, expect, it } from 'vitest';

import { chooseBucket, collate } from './collate.js';
import type { EncodedSample } from './encode.js';
import { epochOrder } from './order.js';

const encoded = (ids: number[], start?: number): EncodedSample => ({
  ids: Int32Array.from(ids),
  labels: Int32Array.from(ids, (id) => (id > 5 ? id : -100)),
  imageSpans: start === undefined ? [] : [{ start, length: 2 }],
});

describe('collate', () => {
  it('pads on the right and numbers the features of the pictures in sample order', () => {
    const batch = collate([encoded([1, 3, 3, 7], 1), encoded([1, 8]), encoded([1, 3, 3], 1)], {
      tokens: 5,
      padId: 4,
      imageTokens: 2,
    });
    expect([...batch.ids]).toEqual([1, 3, 3, 7, 4, 1, 8, 4, 4, 4, 1, 3, 3, 4, 4]);
    expect([...batch.labels].filter((label) => label !== -100)).toEqual([7, 8]);
    expect([...batch.visualIndex]).toEqual([-1, 0, 1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 3, -1, -1]);
    expect(batch.images).toEqual([0, 2]);
  });

  it('refuses rows that do not fit', () => {
    expect(() => collate([encoded([1, 2, 3])], { tokens: 2, padId: 0, imageTokens: 2 })).toThrow(
      /3 tokens, the bucket 2/,
    );
    expect(() => collate([encoded([1, 3, 3], 1)], { tokens: 3, padId: 0, imageTokens: 4 })).toThrow(
      /picture of 2 tokens, expected 4/,
    );
  });
});

describe('chooseBucket', () => {
  it('takes the shortest that holds the sample', () => {
    expect(chooseBucket(64, [128, 64, 96])).toBe(64);
    expect(chooseBucket(65, [128, 64, 96])).toBe(96);
    expect(() => chooseBucket(129, [64, 128])).toThrow(/no bucket holds 129 tokens/);
  });
});

describe('epochOrder', () => {
  it('visits every sample once, in an order of its own per seed and epoch', () => {
    const order = epochOrder(1000, 3, 0);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(epochOrder(1000, 3, 0)).toEqual(order);
    for (const other of [epochOrder(1000, 3, 1), epochOrder(1000, 4, 0)]) {
      expect([...other].filter((sample, at) => sample === order[at]).length).toBeLessThan(20);
    }
  });
});
