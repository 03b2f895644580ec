import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import { listWeights, readWeights } from './read-weights.js';
import { writeSafetensors } from './write-safetensors.js';

const one = { shape: [1], data: Float32Array.of(1) };
const two = { shape: [2], data: Float32Array.of(2, 2) };
let folder: string;

function writeIndex(weightMap: unknown): void {
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: weightMap }));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weights-'));
  await writeSafetensors(join(folder, 'part-1.safetensors'), new Map([['a', one]]));
  await writeSafetensors(join(folder, 'part-2.safetensors'), new Map([['b', two]]));
});

test('a sharded checkpoint is read through its index, in the order of the index', async () => {
  writeIndex({ b: 'part-2.safetensors', a: 'part-1.safetensors' });
  const weights = await readWeights(folder);
  expect([...weights]).toEqual([
    ['b', { dtype: 'F32', ...two }],
    ['a', { dtype: 'F32', ...one }],
  ]);
  expect((await listWeights(folder)).get('b')).toEqual({ dtype: 'F32', shape: [2] });
});

test('a single model.safetensors is read without an index', async () => {
  await writeSafetensors(join(folder, 'model.safetensors'), new Map([['a', one]]));
  expect((await readWeights(folder)).get('a')).toMatchObject(one);
});

test('shards without a wanted tensor are not opened', async () => {
  writeIndex({ a: 'part-1.safetensors', c: 'absent.safetensors' });
  expect([...(await readWeights(folder, { names: ['a'] })).keys()]).toEqual(['a']);
});

test.each([
  [
    'leads out of the folder',
    { a: '../secret.safetensors' },
    /tensor "a": expected the name of a .safetensors file beside it/,
  ],
  ['has no map', undefined, /expected an object weight_map/],
  ['names a tensor its shard lacks', { z: 'part-1.safetensors' }, /part-1.safetensors: has no tensor "z"/],
  ['names a missing shard', { a: 'part-9.safetensors' }, /part-9.safetensors: cannot read it: no such file/],
])('an index that %s is refused', async (_, map, message) => {
  writeIndex(map);
  await expect(readWeights(folder)).rejects.toThrow(message);
});

test('a folder without weights says what was expected', async () => {
  await expect(readWeights(folder)).rejects.toThrow(/neither model.safetensors nor model.safetensors.index.json/);
});
