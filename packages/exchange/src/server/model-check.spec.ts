import { LlavaError } from '@llava-ts/telemetry';
import type { PushOutcome } from '@llava-ts/trainer';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { ACTIONS, startModelRun, type ModelAction, type Mutation } from '../../testing/protocol-model/model-run.js';
import { createSequentialRun } from '../../testing/protocol-model/sequential-run.js';
import { toyRun } from '../../testing/toy-run.js';

/** Two epochs in three steps, the second over both; then another stage of two steps. */
const open = () =>
  toyRun({
    samples: 5,
    hidden: 2,
    snapshotEverySteps: 2,
    stages: [
      { epochs: 2, globalBatchSamples: 4, leasesPerStep: 3 },
      { name: 'instruct', globalBatchSamples: 3, leasesPerStep: 2 },
    ],
    exchange: { leaseTimeoutMs: 6000 },
  });
const sequential = createSequentialRun(open);
const actions = fc.array(
  fc.record<ModelAction>({ kind: fc.constantFrom(...ACTIONS), who: fc.nat(2), pick: fc.nat(999) }),
  { minLength: 20, maxLength: 160, size: 'max' },
);
const policies = fc.constantFrom('retry' as const, 'skip' as const, 'stop' as const);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Explores runs until one breaks a promise. */
async function explore(numRuns: number, mutation?: Mutation) {
  const seen = new Map<string, number>();
  const found = await fc.check(
    fc.asyncProperty(actions, policies, async (steps, policy) => {
      const advanceTimers = (ms: number): void => void vi.advanceTimersByTime(ms);
      const run = await startModelRun({ open, sequential, policy, advanceTimers, seen, ...(mutation && { mutation }) });
      for (const step of steps) await run.act(step);
      await run.finish();
      vi.clearAllTimers();
    }),
    { numRuns, ...(mutation && { endOnFailure: true }) },
  );
  return { seen, found };
}

test('whatever happens in whatever order, each sample counts once and the bits are those of the undisturbed run', async () => {
  const { seen, found } = await explore(2000);
  expect(found.failed, fc.defaultReportMessage(found) ?? '').toBe(false);
  console.log([...seen].sort().map(([what, times]) => `${what} ${times}`).join('\n'));
});
