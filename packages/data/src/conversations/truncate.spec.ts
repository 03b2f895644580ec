import fc from 'fast-check';
import { expect, it } from 'vitest';
import { truncateSample } from './truncate.js';

/** Token 9 stands for pictures, in spans of three. */
const SAMPLE = {
  ids: Int32Array.of(1, 9, 9, 9, 4, 5, 9, 9, 9, 6),
  labels: Int32Array.of(-100, -100, -100, -100, 4, 5, -100, -100, -100, 6),
  imageSpans: [
    { start: 1, length: 3 },
    { start: 6, length: 3 },
  ],
};

it('cuts behind the last token that fits', () => {
  const cut = truncateSample(SAMPLE, 5);
  expect([[...cut.ids], [...cut.labels]]).toEqual([
    [1, 9, 9, 9, 4],
    [-100, -100, -100, -100, 4],
  ]);
  expect(cut.imageSpans).toEqual([{ start: 1, length: 3 }]);
});

it('leaves a picture out that does not fit whole, with what follows', () => {
  expect([...truncateSample(SAMPLE, 8).ids]).toEqual([1, 9, 9, 9, 4, 5]);
  expect([...truncateSample(SAMPLE, 3).ids]).toEqual([1]);
  expect(truncateSample(SAMPLE, 3).imageSpans).toEqual([]);
});

it('never splits a picture, whatever the length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12 }), (tokens) => {
      const { ids, labels, imageSpans } = truncateSample(SAMPLE, tokens);
      expect(ids.length).toBeLessThanOrEqual(tokens);
      expect(labels).toHaveLength(ids.length);
      expect([...ids].filter((id) => id === 9)).toHaveLength(3 * imageSpans.length);
    }),
  );
});
