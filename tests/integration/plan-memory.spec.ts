import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findPreset } from '@llava-ts/recipes';
import { expect, test } from 'vitest';
import { resolveSizes } from '../../apps/cli/src/plan/resolve-sizes.js';
import { workerMemory } from '../../apps/cli/src/plan/worker-memory.js';

const STEP = fileURLToPath(new URL('plan-memory.mjs', import.meta.url));

/** How far an estimate may be from what a process takes more when its micro-batch grows. */
const FACTOR = 2;

function peakBytes(microBatchSamples: number, recompute: boolean): number {
  return Number(
    execFileSync(process.execPath, [STEP, String(microBatchSamples), String(recompute)], { encoding: 'utf8' }),
  );
}

test.each([false, true])(
  'activations and logits of the preset tiny are within a factor of two of a measured step (recompute: %s)',
  async (recompute) => {
    const preset = findPreset('tiny')!;
    const sizes = await resolveSizes(preset.model);
    const estimate = (microBatchSamples: number): number => {
      const { activations, logits } = workerMemory(sizes, {
        trainable: ['projector', 'decoder'],
        microBatchSamples,
        bucketTokens: [256],
        precision: 'float32',
        recompute,
      });
      return activations + logits;
    };
    const [small, large] = [4, 64];
    const measured = peakBytes(large, recompute) - peakBytes(small, recompute);
    const estimated = estimate(large) - estimate(small);
    expect(estimated / measured).toBeGreaterThan(1 / FACTOR);
    expect(estimated / measured).toBeLessThan(FACTOR);
  },
);
