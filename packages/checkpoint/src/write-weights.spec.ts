import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeEach, describe, expect, test } from 'vitest';

import { readWeights } from './read-weights.js';
import { writeWeights } from './write-weights.js';

const tensors = new Map(
  ['a', 'b', 'c', 'd'].map((name, i) => [name, { shape: [4], data: new Float32Array(4).fill(i) }]),
);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-weights-'));
});

describe('writeWeights', () => {
  test('cuts a model into shards that an index lists, as transformers does', async () => {
    const names = await writeWeights(folder, tensors, { maxShardBytes: 40 });
    expect(names).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
    expect(JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8'))).toEqual({
      metadata: { total_size: 64 },
      weight_map: { a: names[0], b: names[0], c: names[1], d: names[1] },
    });
    expect([...(await readWeights(folder))].map(([name, { data }]) => [name, data])).toEqual(
      [...tensors].map(([name, { data }]) => [name, data]),
    );
  });

  test('gives a tensor that is larger than a shard one of its own', async () => {
    expect(await writeWeights(folder, tensors, { maxShardBytes: 1 })).toHaveLength(4);
  });

  test('removes what a write of another size left, and nothing else', async () => {
    await writeWeights(folder, tensors, { maxShardBytes: 16 });
    await writeWeights(folder, tensors);
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
    await writeWeights(folder, tensors, { maxShardBytes: 32 });
    expect(readdirSync(folder)).toHaveLength(3);
    expect((await readWeights(folder)).size).toBe(4);
  });

  test('asks for deferred tensors one at a time, and checks them', async () => {
    let open = 0;
    const read = async (): Promise<Float32Array> => {
      expect(++open).toBe(1);
      await Promise.resolve();
      open--;
      return Float32Array.of(1, 2);
    };
    const deferred = { dtype: 'BF16', shape: [2], read } as const;
    await writeWeights(folder, new Map([['x', deferred], ['y', deferred]])); // prettier-ignore
    expect((await readWeights(folder)).get('y')).toEqual({ dtype: 'BF16', shape: [2], data: Float32Array.of(1, 2) });
    await expect(writeWeights(folder, new Map([['x', { ...deferred, shape: [3] }]]))).rejects.toThrow(
      /tensor "x": shape \[3\] does not fit 2 elements/,
    );
    expect((await readWeights(folder)).size).toBe(2);
  });
});
