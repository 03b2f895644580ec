import type { LlavaConfig } from '@llava-ts/llava';
import { findPreset, PRESET_NAMES } from '@llava-ts/recipes';
import type { RunConfig } from '@llava-ts/trainer';
import { beforeAll, describe, expect, test } from 'vitest';

import { countParameters } from './count-parameters.js';
import { planRun } from './plan-run.js';
import { resolveSizes } from './resolve-sizes.js';
import { sampleWork } from './step-work.js';

const run = findPreset('llava-1.5-7b') as RunConfig;
const near = (value: number, wanted: number, share: number): void =>
  expect(Math.abs(value / wanted - 1)).toBeLessThan(share);

let sizes: LlavaConfig;
beforeAll(async () => {
  sizes = await resolveSizes(run.model);
});

describe('LLaVA-1.5 7B', () => {
  test('has the published numbers of parameters', () => {
    const { parts } = countParameters(sizes);
    expect(parts['projector']).toBe(20_979_712); // 1024 to 4096, two layers
    expect(parts['decoder']).toBe(6_738_415_616 + 64 * 2 * 4096); // Llama-2 7B, and the rows of the grown vocabulary
    near(parts['vision']!, 303.5e6 - 12.6e6, 0.01); // CLIP ViT-L/14-336 without its last layer
  });

  test('takes the work that its published throughput was reckoned with', () => {
    const align = sampleWork(sizes, { tokens: 600, trainable: ['projector'], recompute: true });
    near(align.vision, 0.38e12, 0.05);
    near(align.total, 24e12, 0.05);
    const instruct = sampleWork(sizes, { tokens: 800, trainable: ['projector', 'decoder'], recompute: false });
    near(instruct.decoder, 6 * 6.6e9 * 800, 0.05); // six operations a parameter and token
  });

  test('takes 4 bytes a parameter for each of weights, gradients and the two moments', () => {
    const { stages } = planRun(run, sizes, { workers: 8, shards: 4 });
    const [align, instruct] = [stages[0]!, stages[1]!];
    near(instruct.worker.weights, 4 * 7.05e9, 0.01);
    near(instruct.worker.gradients, 4 * 6.76e9, 0.01);
    near(4 * (instruct.shard.parameters + instruct.shard.optimizer + instruct.shard.gradientSum), 16 * 6.76e9, 0.01);
    expect(align.wire).toEqual({ pulled: 8 * 4 * 20_979_712, pushed: 8 * 4 * 20_979_712 });
    near(align.stepFlops, 256 * 25.4e12, 0.05);
  });

  test('recomputation leaves little of the activations', () => {
    const without = { ...run, model: { ...run.model, recompute: false } };
    const [kept, replayed] = [without, run].map(
      (config) => planRun(config, sizes, { workers: 1, shards: 1 }).stages[1]!.worker.activations,
    );
    expect(kept! / replayed!).toBeGreaterThan(10);
  });

  test('says which settings would make a stage fit, and when none does', () => {
    const fitOf = (gigabytes: number, stage: number) =>
      planRun(run, sizes, { workers: 1, shards: 1, deviceBytes: gigabytes * 1e9 }).stages[stage]!.fit!;
    expect(fitOf(1000, 1)).toMatchObject({ fits: true, changes: [] });
    const [align] = planRun(run, sizes, { workers: 1, shards: 1 }).stages;
    const smaller = fitOf(80, 0);
    expect(smaller.fits).toBe(align!.worker.total <= 76e9);
    expect(smaller.changes).toEqual([expect.stringMatching(/^microBatchSamples=\d+$/)]);
    expect(smaller.bytes).toBeLessThanOrEqual(76e9);
    expect(fitOf(24, 1)).toMatchObject({ fits: false, changes: [] });
  });
});

test('every preset can be planned before anything is fetched', async () => {
  for (const name of PRESET_NAMES) {
    const config = findPreset(name)!;
    const plan = planRun(config, await resolveSizes(config.model), { workers: 2, shards: 2, deviceBytes: 80e9 });
    expect(plan.stages.every(({ worker, stepFlops }) => worker.total > 0 && stepFlops > 0)).toBe(true);
  }
});

test('a part that is nowhere says how to get it', async () => {
  await expect(resolveSizes({ ...run.model, decoder: 'models/mystery-9b' })).rejects.toThrow(
    /models\/mystery-9b: is not there, and its name is none of .*; get it with 'llava fetch'/,
  );
});
