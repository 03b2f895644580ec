import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readSamples } from '../conversations/read-samples.js';
import type { ScenesOptions } from './dataset-files.js';
import { writeScenesDataset } from './write-dataset.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'scenes-'));
});
afterAll(() => rm(folder, { recursive: true }));

const options: ScenesOptions = { count: 70, seed: 1, split: 'train', kind: 'conversations' };

describe('writeScenesDataset', () => {
  it('writes pictures and conversations that readSamples reads, and leaves nothing half-written', async () => {
    const { json, images, samples } = await writeScenesDataset(path.join(folder, 'a'), options);
    const read = await readSamples(json);
    expect(samples).toBe(70);
    expect(read).toHaveLength(70);
    expect(await readdir(images)).toEqual(read.map(({ image }) => image));
    expect(read.every(({ conversations }) => conversations.length >= 6)).toBe(true);
    expect((await readdir(path.join(folder, 'a'))).sort()).toEqual(['dataset.json', 'images', 'samples.json']);
  });

  it('gives the same bytes for the same options, others for another seed', async () => {
    const [a, b, c] = [
      await writeScenesDataset(path.join(folder, 'a'), options),
      await writeScenesDataset(path.join(folder, 'b'), options),
      await writeScenesDataset(path.join(folder, 'c'), { ...options, seed: 2 }),
    ];
    expect(a.digest).toBe(b.digest);
    expect(c.digest).not.toBe(a.digest);
    expect(await readFile(a.json, 'utf8')).toBe(await readFile(b.json, 'utf8'));
  });

  it('does nothing when the dataset is there, and writes it again when it is incomplete', async () => {
    const { json, images } = await writeScenesDataset(path.join(folder, 'a'), options);
    const before = (await stat(json)).mtimeMs;
    await writeScenesDataset(path.join(folder, 'a'), options);
    expect((await stat(json)).mtimeMs).toBe(before);
    await rm(path.join(images, '000070.png'));
    await writeScenesDataset(path.join(folder, 'a'), options);
    expect((await readdir(images)).length).toBe(70);
  });

  it('writes captions in two turns, and held-out questions one by one with their kind', async () => {
    const captions = await writeScenesDataset(path.join(folder, 'd'), { ...options, kind: 'captions' });
    expect((await readSamples(captions.json)).every(({ conversations }) => conversations.length === 2)).toBe(true);
    const heldOut = await writeScenesDataset(path.join(folder, 'e'), {
      ...options,
      split: 'held-out',
      questionsPerScene: 2,
    });
    const read = await readSamples(heldOut.json);
    expect(read).toHaveLength(140);
    expect(read[0]).toMatchObject({ id: 'held-out-000001-1', image: '000001.png', kind: expect.any(String) as string });
  });

  it('refuses a folder with other pictures and leaves them alone', async () => {
    const images = path.join(folder, 'mine', 'images');
    await mkdir(images, { recursive: true });
    await writeFile(path.join(images, 'cat.png'), 'x');
    await expect(writeScenesDataset(path.join(folder, 'mine'), options)).rejects.toMatchObject({ code: 'refused' });
    expect(await readdir(images)).toEqual(['cat.png']);
    await expect(writeScenesDataset(folder, { ...options, count: 0 })).rejects.toThrow(/count must be a whole number/);
  });
});
