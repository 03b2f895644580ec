import fc from 'fast-check';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { Violation } from '../../testing/protocol-model/applied-steps.js';
import { ACTIONS, startModelRun, type ModelAction, type Mutation } from '../../testing/protocol-model/model-run.js';
import { MUTATIONS } from '../../testing/protocol-model/mutations.js';
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

/** Given by `npm run model-check`. */
declare module 'vitest' {
  interface ProvidedContext {
    modelCheck?: { readonly runs?: number; readonly seed?: number };
  }
}
const { runs = 500, seed } = inject('modelCheck') ?? { seed: 1 };
/** What the walks must come by, or they show nothing. */
const EXPECTED = ['accepted', 'duplicate', 'refused', 'LEASE_EXPIRED', 'WORKER_LOST', 'rewind', 'a run fails'];

/** Explores runs until one breaks a promise. */
async function explore(numRuns: number, mutation?: () => Mutation) {
  const seen = new Map<string, number>();
  const found = await fc.check(
    fc.asyncProperty(actions, policies, async (steps, policy) => {
      const advanceTimers = (ms: number): void => void vi.advanceTimersByTime(ms);
      const options = { open, sequential, policy, advanceTimers, seen };
      const run = await startModelRun({ ...options, ...(mutation && { mutation: mutation() }) });
      for (const step of steps) await run.act(step);
      await run.finish();
      vi.clearAllTimers();
    }),
    { numRuns, ...(seed !== undefined && { seed }), ...(mutation && { endOnFailure: true }) },
  );
  return { seen, found };
}

test('whatever happens in whatever order, each sample counts once and the bits are those of the undisturbed run', async () => {
  const { seen, found } = await explore(runs);
  expect(found.failed, `${String(found.errorInstance)}\n${fc.defaultReportMessage(found) ?? ''}`).toBe(false);
  expect(EXPECTED.filter((what) => !seen.has(what))).toEqual([]);
  if (inject('modelCheck') !== undefined)
    process.stdout.write(
      [...seen]
        .sort()
        .map(([what, times]) => `${times} ${what}\n`)
        .join(''),
    );
}, 3_600_000);

test.each(Object.entries(MUTATIONS))('the check finds it when %s', async (_, mutation) => {
  const { found } = await explore(500, mutation);
  expect(found.failed).toBe(true);
  expect(found.errorInstance).toBeInstanceOf(Violation);
});
