import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Logger } from '@llava-ts/telemetry';
import { beforeEach, describe, expect, test } from 'vitest';

import { latestSnapshotName, listSnapshots } from './list-snapshots.js';
import { readSnapshot } from './read-snapshot.js';
import { writeSnapshot } from './write-snapshot.js';

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'snapshots-')), 'snapshots');
});

function content(step: number) {
  const weight = new Map([['projector.weight', { shape: [2], data: Float32Array.of(step, -step) }]]);
  return { tensors: { parameters: weight, moments: weight }, state: { step, random: [1, 2] } };
}

async function writeThree(): Promise<void> {
  for (const step of [1, 2, 3]) await writeSnapshot(root, `align-${step}`, content(step));
}

function recorder(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const drop = (): void => undefined;
  return { warnings, logger: { debug: drop, info: drop, error: drop, warn: (message) => void warnings.push(message) } };
}

describe('writing', () => {
  test('a snapshot comes back with tensors, state and name', async () => {
    await writeSnapshot(root, 'align-7', content(7));
    const snapshot = await readSnapshot(root, 'latest');
    expect(snapshot).toMatchObject({ name: 'align-7', state: { step: 7, random: [1, 2] }, skipped: [] });
    expect(snapshot.tensors['moments']?.get('projector.weight')?.data).toEqual(Float32Array.of(7, -7));
  });

  test('the newest is first in the list and only so many are kept', async () => {
    for (const step of [9, 10, 11]) await writeSnapshot(root, `align-${step}`, content(step), { keep: 2 });
    expect((await listSnapshots(root)).map((snapshot) => snapshot.name)).toEqual(['align-11', 'align-10']);
    expect(readdirSync(root).sort()).toEqual(['align-10', 'align-11', 'latest']);
  });

  test('a snapshot of the same name is replaced', async () => {
    await writeSnapshot(root, 'align-1', content(1));
    await writeSnapshot(root, 'align-1', content(5));
    expect((await readSnapshot(root, 'align-1')).state).toMatchObject({ step: 5 });
    expect(readdirSync(root).sort()).toEqual(['align-1', 'latest']);
  });

  test('what a killed writer left is ignored, and removed by the next one', async () => {
    await writeSnapshot(root, 'align-1', content(1));
    mkdirSync(join(root, '.align-2.123.tmp'));
    writeFileSync(join(root, '.align-2.123.tmp', 'parameters.safetensors'), 'half');
    expect((await readSnapshot(root, 'latest')).name).toBe('align-1');
    await writeSnapshot(root, 'align-3', content(3));
    expect(readdirSync(root).sort()).toEqual(['align-1', 'align-3', 'latest']);
  });

  test('a bad tensor leaves no trace of its snapshot', async () => {
    await writeSnapshot(root, 'align-1', content(1));
    const bad = { tensors: { parameters: new Map([['x', { shape: [9], data: new Float32Array(1) }]]) }, state: {} };
    await expect(writeSnapshot(root, 'align-2', bad)).rejects.toThrow(/align-2\/parameters.safetensors: tensor "x"/);
    expect(readdirSync(root).sort()).toEqual(['align-1', 'latest']);
  });

  test.each(['../escape', 'latest', '', '.hidden', 'a/b'])('the name %j is refused', async (name) => {
    await expect(writeSnapshot(root, name, content(1))).rejects.toMatchObject({ code: 'bad-input' });
  });

  test.skipIf(process.getuid?.() === 0)('a folder that cannot be written to is refused in one line', async () => {
    mkdirSync(root);
    chmodSync(root, 0o500);
    await expect(writeSnapshot(root, 'align-1', content(1))).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('reading what was damaged', () => {
  const file = (name: string): string => join(root, 'align-3', name);

  test.each([
    ['tensors cut in half', () => truncateSync(file('parameters.safetensors'), 60), /has 60 bytes, \d+ were written/],
    ['one flipped bit', () => flipBit(file('moments.safetensors')), /sha256/],
    [
      'state changed by hand',
      () => writeFileSync(file('state.json'), readFileSync(file('state.json'), 'utf8').replace('3', '4')),
      /sha256/,
    ],
    ['a manifest cut in half', () => truncateSync(file('manifest.json'), 40), /not valid JSON/],
    ['an empty manifest', () => truncateSync(file('manifest.json'), 0), /not valid JSON/],
  ])('%s: the one before is taken, and the log says so', async (_, damage, problem) => {
    await writeThree();
    damage();
    const { logger, warnings } = recorder();
    const snapshot = await readSnapshot(root, 'latest', { logger });
    expect(snapshot).toMatchObject({ name: 'align-2', state: { step: 2 }, skipped: [{ name: 'align-3' }] });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(problem);
    await expect(readSnapshot(root, 'align-3')).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('a pointer to a snapshot that is gone falls back to the newest that is there', async () => {
    await writeThree();
    writeFileSync(join(root, 'latest'), 'align-9\n');
    expect((await readSnapshot(root, 'latest')).name).toBe('align-3');
  });

  test('a pointer that leads out of the root is not followed', async () => {
    await writeThree();
    cpSync(join(root, 'align-1'), join(root, '..', 'outside'), { recursive: true });
    writeFileSync(join(root, 'latest'), '../outside\n');
    expect(await readSnapshot(root, 'latest')).toMatchObject({ name: 'align-3' });
  });

  test('when every snapshot is damaged the error says so and names the newest', async () => {
    await writeSnapshot(root, 'align-1', content(1));
    truncateSync(join(root, 'align-1', 'parameters.safetensors'), 3);
    await expect(readSnapshot(root, 'latest')).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/no snapshot is whole.*align-1/) as string,
    });
  });

  test('a root without snapshots is not found', async () => {
    expect(existsSync(root)).toBe(false);
    expect(await latestSnapshotName(root)).toBeNull();
    await expect(readSnapshot(root, 'latest')).rejects.toMatchObject({ code: 'not-found' });
  });
});

function flipBit(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 2]! ^= 4;
  writeFileSync(file, bytes);
}
