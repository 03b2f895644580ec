import { readdir } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OpenRun } from './open-run.js';
import { shardOfRun, shardPieces } from './partition.js';
import { readRunSnapshot, writeRunSnapshot, writeRunSnapshotPart } from './run-snapshot.js';
import type { RunSnapshot } from './run-state.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'llava-run-snapshot-'));
});
afterEach(() => rm(root, { recursive: true }));

const SHAPES = { 'decoder.large': [500, 400], 'decoder.norm': [40], 'projector.weight': [300, 512] };
const values = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(i + seed));

/** A run of three tensors, two of them larger than a block. */
function createRun(train: object = {}): OpenRun {
  const tensors = new Map(
    Object.entries(SHAPES).map(([name, shape], seed) => [
      name,
      { shape, parameter: values((shape[0] ?? 1) * (shape[1] ?? 1), seed) },
    ]),
  );
  const config = { stages: [{ name: 'align' }], train: { keepSnapshots: 2, ...train } };
  return { config, tensors, plans: [], dataDigests: ['d'], model: {} } as unknown as OpenRun;
}

function snapshotOf(run: OpenRun, step: number): RunSnapshot {
  const parameters = new Map([...run.tensors].map(([name, { parameter }]) => [name, parameter]));
  const scaled = (factor: number): Map<string, Float32Array> =>
    new Map([...parameters].map(([name, array]) => [name, array.map((value) => value * factor)]));
  const update = { updates: step, parameters, firstMoments: scaled(2), secondMoments: scaled(3) };
  return { position: { stage: 0, step }, parameters, update };
}

async function write(run: OpenRun, step: number, shards: number, loss = 1): Promise<void> {
  const part = (index: number): OpenRun => (shards === 1 ? run : shardOfRun(run, { index, shards }));
  const others = Array.from({ length: shards - 1 }, (_, index) => index + 1);
  await writeRunSnapshot(root, part(0), {
    snapshot: snapshotOf(part(0), step),
    runId: 'r',
    shards,
    loss,
    addFiles: async (folder) => {
      const files = others.map((index) =>
        writeRunSnapshotPart(join(root, folder), part(index), {
          snapshot: snapshotOf(part(index), step),
          place: { index, shards },
        }),
      );
      return Object.assign({}, ...(await Promise.all(files))) as Awaited<(typeof files)[number]>;
    },
  });
}

test.each([
  [1, 3],
  [3, 1],
  [3, 2],
])('a snapshot that %i shards wrote is read by %i, bit for bit', async (written, read) => {
  const run = createRun();
  await write(run, 7, written);
  for (let index = 0; index < read; index++) {
    const place = { index, shards: read };
    const { snapshot } = await readRunSnapshot(root, run, { pieces: shardPieces(run, place) });
    const expected = snapshotOf(shardOfRun(run, place), 7);
    expect(snapshot).toEqual(expected);
  }
});

test('a snapshot whose one shard has not written is damaged, and the one before is taken', async () => {
  const run = createRun();
  await write(run, 1, 3);
  await write(run, 2, 3);
  await rm(join(root, 'align-2', 'first-moments-1-of-3.safetensors'));
  const { name } = await readRunSnapshot(root, run);
  expect(name).toBe('align-1');
});

test('the newest and the best snapshots are kept', async () => {
  const run = createRun({ keepSnapshots: 1, keepBest: 2 });
  for (const [step, loss] of [3, 1, 2, 5, 4].entries()) await write(run, step, 1, loss);
  const names = (await readdir(root)).filter((name) => name.startsWith('align')).sort();
  expect(names).toEqual(['align-1', 'align-2', 'align-4']);
});
