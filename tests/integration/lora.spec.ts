import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '@llava-ts/checkpoint';
import { readAdapter } from '@llava-ts/decoder';
import { loadLlava } from '@llava-ts/llava';
import {
  createLocalExchange,
  createModelHost,
  exportModel,
  openModel,
  openRun,
  runWorker,
  train,
} from '@llava-ts/trainer';
import type { RunConfig } from '@llava-ts/trainer';
import { beforeAll, describe, expect, it } from 'vitest';
import { colourRun, temporaryFolder, writeColours } from './colour-run.js';

let folder: string;
let config: RunConfig;
let outDir: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const { data } = await writeColours(join(folder, 'colours'), { count: 12 });
  const run = await colourRun(folder, [
    {
      name: 'instruct',
      trainable: ['projector', 'lora'],
      template: 'v1',
      data,
      globalBatchSamples: 5,
      leasesPerStep: 3,
      microBatchSamples: 1,
      projectorLearningRate: 1e-4,
    },
  ]);
  config = { ...run, model: { ...run.model, lora: { rank: 2, alpha: 4, dropout: 0.2, targets: ['query', 'down'] } } };
  outDir = join(folder, 'straight');
  await train({ config, outDir, cacheDir: folder });
}, 60_000);

const digest = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

describe('a stage that teaches an adapter with dropout', () => {
  it('leaves the decoder as it was: snapshots hold the adapter and the projector, nothing else', async () => {
    const stored = await readSafetensors(join(outDir, 'snapshots', 'instruct-3', 'parameters.safetensors'));
    const parts = new Set([...stored.keys()].map((path) => path.split('.')[0]));
    expect([...parts].sort()).toEqual(['lora', 'projector']);
    expect(stored.has('lora.blocks.1.down.up')).toBe(true);
  });

  it('gives the same bits with two workers as with one', async () => {
    const run = await openRun(config, { cacheDir: folder });
    const local = createLocalExchange({ runId: 'two', run, now: () => performance.now() });
    const hosts = [createModelHost({ cacheDir: folder }), createModelHost({ cacheDir: folder })];
    const reports = await Promise.all(hosts.map((host, index) => runWorker(local.exchange(`worker-${index}`), host)));
    await Promise.all(hosts.map((host) => host.close()));
    expect(reports.map(({ ended }) => ended)).toEqual(['done', 'done']);
    await exportModel(join(folder, 'two'), config, local.snapshot().parameters);
    for (const file of ['model.safetensors', 'adapter/adapter_model.safetensors'])
      expect(await digest(join(folder, 'two', file)), file).toBe(await digest(join(outDir, 'model', file)));
  }, 60_000);

  it('gives the same bits when it is stopped and resumed', async () => {
    const stopped = join(folder, 'stopped');
    const stop = new AbortController();
    await train({ config, outDir: stopped, cacheDir: folder, signal: stop.signal, onStep: () => stop.abort() });
    await train({ config, outDir: stopped, cacheDir: folder, resume: 'latest' });
    const file = 'model/adapter/adapter_model.safetensors';
    expect(await digest(join(stopped, file))).toBe(await digest(join(outDir, file)));
  }, 60_000);

  it('exports a model with the adapter folded in, and the adapter beside it', async () => {
    const [{ config: llava, weights: before }, after] = await Promise.all([
      openModel(config.model, config.seed),
      loadLlava(join(outDir, 'model')),
    ]);
    const adapter = await readAdapter(join(outDir, 'model', 'adapter'), llava.decoder);
    expect(adapter.lora).toEqual(config.model.lora);
    const changed = [...after.weights].filter(
      ([path, values]) => !Buffer.from(values.buffer).equals(Buffer.from(before.get(path)!.buffer)),
    );
    const adapted = changed.map(([path]) => path).filter((path) => path.startsWith('decoder.'));
    expect(adapted.sort()).toEqual(
      [0, 1].flatMap((layer) =>
        [`attention.query`, `feedForward.down`].map((name) => `decoder.blocks.${layer}.${name}.weight`),
      ),
    );
  });

  it('moves the projector as slowly as its own learning rate says', async () => {
    const [{ weights: before }, { weights: after }] = await Promise.all([
      openModel(config.model, config.seed),
      loadLlava(join(outDir, 'model')),
    ]);
    const path = 'projector.layers.0.weight';
    const moved = Math.max(...after.get(path)!.map((value, i) => Math.abs(value - before.get(path)![i]!)));
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(3 * 1.1e-4); // at most the learning rate in each of three steps of AdamW
  });
});
