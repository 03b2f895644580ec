import { createHash } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalExchange, createModelHost, exportModel, openRun, runWorker, train } from '@llava-ts/trainer';
import type { ModelHost, RunConfig, StepRecord, TrainReport } from '@llava-ts/trainer';
import { beforeAll, describe, expect, it } from 'vitest';
import { colourRun, temporaryFolder, writeColours } from './colour-run.js';

let folder: string;
let config: RunConfig;
let straight: TrainReport;

beforeAll(async () => {
  folder = await temporaryFolder();
  const { data } = await writeColours(join(folder, 'colours'), { count: 12 });
  const shared = { data, globalBatchSamples: 5, leasesPerStep: 3, microBatchSamples: 2 };
  config = await colourRun(folder, [
    { name: 'align', trainable: ['projector'], template: 'plain', ...shared },
    { name: 'instruct', trainable: ['projector', 'decoder'], template: 'v1', ...shared },
  ]);
  straight = await train({ config, outDir: join(folder, 'straight'), cacheDir: folder });
}, 60_000);

describe('the same bits', () => {
  it.each([1, 3, 4])(
    'a run that is cancelled after step %i and resumed equals one that was never stopped',
    async (stopAfter) => {
      const outDir = join(folder, `stopped-${stopAfter}`);
      const stopped = await trainUntil(outDir, stopAfter);
      expect(stopped).toMatchObject({ ended: 'cancelled', modelDir: null });
      const resumed = await train({ config, outDir, cacheDir: folder, resume: 'latest' });
      expect(resumed).toMatchObject({ ended: 'done', position: straight.position });
      expect(await digests(outDir)).toEqual(await digests(join(folder, 'straight')));
    },
    60_000,
  );

  it('a finished run that is resumed does nothing but write its model again', async () => {
    const outDir = join(folder, 'straight');
    const before = await digests(outDir);
    await rm(join(outDir, 'model'), { recursive: true });
    const again = await train({ config, outDir, cacheDir: folder, resume: 'latest' });
    expect(again).toMatchObject({ ended: 'done', position: straight.position });
    expect(await digests(outDir)).toEqual(before);
  });

  it('a run that is cancelled before its first step can be resumed', async () => {
    const outDir = join(folder, 'never-begun');
    expect(await train({ config, outDir, cacheDir: folder, signal: AbortSignal.abort() })).toMatchObject({
      ended: 'cancelled',
      position: { stage: 0, step: 0 },
    });
    await train({ config, outDir, cacheDir: folder, resume: 'latest' });
    expect(await digests(outDir)).toEqual(await digests(join(folder, 'straight')));
  });

  it('two workers give the parameters of one', async () => {
    const run = await openRun(config, { cacheDir: folder });
    const local = createLocalExchange({ runId: 'two', run, now: () => performance.now() });
    const hosts = startTogether([createModelHost({ cacheDir: folder }), createModelHost({ cacheDir: folder })]);
    const reports = await Promise.all(hosts.map((host, index) => runWorker(local.exchange(`worker-${index}`), host)));
    await Promise.all(hosts.map((host) => host.close()));
    expect(reports.map(({ ended }) => ended)).toEqual(['done', 'done']);
    expect(reports.every(({ leases }) => leases.accepted > 0)).toBe(true);
    await exportModel(join(folder, 'two'), config, local.snapshot().parameters);
    expect(await digest(join(folder, 'two', 'model.safetensors'))).toBe(
      await digest(join(folder, 'straight', 'model', 'model.safetensors')),
    );
  }, 60_000);

  it('a snapshot of another configuration or other data is refused, naming what differs', async () => {
    const [align, instruct] = config.stages;
    const faster = { ...config, stages: [{ ...align!, learningRate: 1 }, instruct!] };
    const resume = (changed: RunConfig) =>
      train({ config: changed, outDir: join(folder, 'straight'), cacheDir: folder, resume: 'align-3' });
    await expect(resume(faster)).rejects.toThrow('stages.0.learningRate: 0.005 -> 1');
    await writeColours(join(folder, 'colours'), { count: 11 });
    await expect(resume(config)).rejects.toThrow("the samples of stage 'align' have changed");
  }, 60_000);
});

/** Hosts that wait for each other at the start, so that none does all the work while another still loads its model. */
function startTogether(hosts: readonly ModelHost[]): ModelHost[] {
  let missing = hosts.length;
  let open = (): void => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return hosts.map((host) => ({
    ...host,
    prepare: async (run, stage) => {
      await host.prepare(run, stage);
      missing--;
      if (missing === 0) open();
      await all;
    },
  }));
}

/** Trains until some steps of the whole run are applied, then cancels. */
function trainUntil(outDir: string, steps: number): Promise<TrainReport> {
  const controller = new AbortController();
  let applied = 0;
  const onStep = (): void => {
    applied++;
    if (applied === steps) controller.abort();
  };
  return train({ config, outDir, cacheDir: folder, signal: controller.signal, onStep });
}

/** Everything that a run leaves, except times. */
async function digests(outDir: string): Promise<Record<string, unknown>> {
  const metrics = (await readFile(join(outDir, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const snapshot = join(outDir, 'snapshots', (await readFile(join(outDir, 'snapshots', 'latest'), 'utf8')).trim());
  const files = (await readdir(snapshot))
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => join(snapshot, name));
  return {
    metrics: metrics.map((line) => ({
      ...(JSON.parse(line) as StepRecord),
      ms: 0,
      unixMs: 0,
      applyMs: 0,
      timings: {},
    })),
    files: await Promise.all([...files, join(outDir, 'model', 'model.safetensors')].map(digest)),
  };
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
