import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
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
    /tensor "a": "..\/secret.safetensors" is not the name of a .safetensors file beside it/,
  ],
  ['has no map', undefined, /expected an object weight_map/],
  ['names a tensor its shard lacks', { z: 'part-1.safetensors' }, /part-1.safetensors: has no tensor "z"/],
  ['names a missing shard', { a: 'part-9.safetensors' }, /part-9.safetensors: cannot read it: no such file/],
])('an index that %s is refused', async (_, map, message) => {
  writeIndex(map);
  await expect(readWeights(folder)).rejects.toThrow(message);
});

test('shard names that lead anywhere else are refused, whatever they are', async () => {
  const part = fc.constantFrom('..', '.', '', '/', '\\', '\0', 'a', '%2e%2e', '.safetensors', 'C:');
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('/', '\\'),
      async (parts, separator) => {
        writeIndex({ a: `${parts.join(separator)}.safetensors` });
        await expect(readWeights(folder)).rejects.toMatchObject({
          code: expect.stringMatching(/^(bad-input|not-found)$/) as string,
        });
      },
    ),
    { numRuns: 100 },
  );
});

test('a folder of PyTorch files is read through its index', async () => {
  copyFileSync(
    fileURLToPath(new URL('../fixtures/torch/wrapped.bin', import.meta.url)),
    join(folder, 'pytorch_model-1.bin'),
  );
  writeFileSync(
    join(folder, 'pytorch_model.bin.index.json'),
    JSON.stringify({ weight_map: { weight: 'pytorch_model-1.bin' } }),
  );
  expect((await readWeights(folder)).get('weight')).toMatchObject({ shape: [2, 2] });
});

test('a folder without weights says what was expected', async () => {
  await expect(readWeights(folder)).rejects.toThrow(
    /has none of model.safetensors.index.json, model.safetensors, pytorch_model.bin.index.json/,
  );
});
