import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeSafetensors, writeSnapshot } from '@llava-ts/checkpoint';
import { expect, test } from 'vitest';

import { compareRuns, describeDifference } from './compare-runs.js';

interface RunContent {
  readonly weight?: number;
  readonly moment?: number;
  readonly step?: number;
  readonly extra?: boolean;
  readonly model?: boolean;
}

/** An output folder with one weight and one moment. */
async function run({
  weight = 1,
  moment = 2,
  step = 20,
  extra = false,
  model = true,
}: RunContent = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'run-'));
  const tensor = (value: number) => ({ shape: [2], data: Float32Array.of(value, 0) });
  const weights = new Map([['projector.weight', tensor(weight)], ...(extra ? [['extra', tensor(0)] as const] : [])]);
  if (model) await writeSafetensors(join(folder, 'model', 'model.safetensors'), weights);
  const tensors = { parameters: weights, 'first-moments': new Map([['projector.weight', tensor(moment)]]) };
  await writeSnapshot(join(folder, 'snapshots'), 'instruct-20', {
    tensors,
    state: { position: { stage: 1, step }, updates: step, runId: folder },
  });
  return folder;
}

async function differences(a: RunContent, b: RunContent): Promise<string[]> {
  return (await compareRuns(await run(a), await run(b))).differences.map(describeDifference);
}

test('two runs with the same bits are identical, whatever their names', async () => {
  expect(await compareRuns(await run(), await run())).toEqual({ tensors: 4, differences: [] });
});

test('a weight that differs in its last bit is found in model and snapshot', async () => {
  expect(await differences({ weight: 1 }, { weight: 1 + 2 ** -23 })).toEqual([
    'model projector.weight: 1 of 2 elements, largest difference 1.192e-7',
    'parameters projector.weight: 1 of 2 elements, largest difference 1.192e-7',
  ]);
});

test('zero and minus zero differ', async () => {
  expect(await differences({ weight: 0 }, { weight: -0 })).toHaveLength(2);
});

test('optimizer state and position are compared', async () => {
  expect(await differences({}, { moment: 3, step: 19 })).toEqual([
    'snapshot position: {"position":{"stage":1,"step":20},"updates":20} against {"position":{"stage":1,"step":19},"updates":19}',
    'first-moments projector.weight: 1 of 2 elements, largest difference 1.000e+0',
  ]);
});

test('a tensor that only one run has is named', async () => {
  expect(await differences({ extra: true }, {})).toEqual([
    'model extra: only in the first',
    'parameters extra: only in the first',
  ]);
});

test('a run that has not ended, and a folder without a run, are refused', async () => {
  const whole = await run();
  await expect(compareRuns(whole, await run({ model: false }))).rejects.toThrow(
    /model: is missing; that run has not ended/,
  );
  const empty = mkdtempSync(join(tmpdir(), 'empty-'));
  mkdirSync(join(empty, 'other'));
  await expect(compareRuns(whole, empty)).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringMatching(/expected the --out folder of 'llava train'/) as string,
  });
});
