import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partition, rowsOf } from './partition.js';

const shapes = fc.dictionary(
  fc.constantFrom('decoder.a', 'decoder.b.weight', 'decoder.b.bias', 'projector.x', 'projector.y'),
  fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 300 })),
    fc.tuple(fc.integer({ min: 1, max: 200_000 })),
  ),
  { minKeys: 1 },
);

test('the shards in order hold every row of every tensor once, in order, cut between blocks', () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 7 }), (given, shards) => {
      const tensors = new Map(Object.entries(given));
      const pieces = partition(tensors, shards);
      for (const [name, shape] of tensors) {
        let next = 0;
        for (const shard of pieces) {
          const piece = shard.get(name);
          if (piece === undefined) continue;
          expect(piece.firstRow).toBe(next);
          expect(piece.firstRow % rowsOf(shape).blockRows).toBe(0);
          next += piece.rows;
        }
        expect(next).toBe(shape[0]);
      }
    }),
  );
});

test('shards differ by little more than a block in every part of the model', () => {
  const tensors = new Map([
    ['decoder.embedding', [32_000, 64]],
    ['decoder.block.weight', [512, 2048]],
    ['decoder.norm', [64]],
    ['projector.weight', [1024, 512]],
  ]);
  for (const part of ['decoder', 'projector']) {
    const sizes = partition(tensors, 3).map((shard) =>
      [...shard]
        .filter(([name]) => name.startsWith(part))
        .reduce((sum, [name, { rows }]) => sum + rows * rowsOf(tensors.get(name)!).rowElements, 0),
    );
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2 * 65_536);
  }
});

test('a number of shards that is none is refused', () => {
  expect(() => partition(new Map(), 0)).toThrow('shards: expected a whole number from 1, got 0');
});
