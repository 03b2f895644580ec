import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { digestWeights } from './digest-weights.js';
import { writeWeights } from './write-weights.js';

const tensors = new Map(['a', 'b', 'c'].map((name, i) => [name, { shape: [2], data: Float32Array.of(i, 1) }]));

test('a digest is of the tensors, not of the files they are in', async () => {
  const [whole, cut, changed] = [0, 1, 2].map(() => mkdtempSync(join(tmpdir(), 'digest-'))) as [string, string, string];
  await writeWeights(whole, tensors);
  await writeWeights(cut, new Map([...tensors].reverse()), { maxShardBytes: 8 });
  await writeWeights(changed, new Map([...tensors, ['c', { shape: [2], data: Float32Array.of(2, 1.0000001) }]]));
  const digest = await digestWeights(whole);
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await digestWeights(cut)).toBe(digest);
  expect(await digestWeights(changed)).not.toBe(digest);
});
