import { LlavaError } from '@llava-ts/telemetry';
import {
  decideUpdate,
  joinSquares,
  type LeaseId,
  type OpenRun,
  type RunPosition,
  type RunRecorder,
  type RunSnapshot,
  type StepLedger,
  type StepRecord,
} from '@llava-ts/trainer';
import type { LeaseAccount } from './lease-account.js';
import type { ShardPort } from './shard-port.js';

/** What finishing steps needs. */
export interface StepLoopOptions {
  readonly run: OpenRun;
  readonly ledger: StepLedger;
  readonly account: LeaseAccount;
  /** All shards, in order; the first one is in this process. */
  readonly shards: readonly ShardPort[];
  /** The first shard's state at the last step boundary. */
  readonly boundary: () => RunSnapshot;
  /** Writes metrics and snapshots; waited for before the next step begins. */
  readonly recorder: RunRecorder;
  /** The next step can be handed out, or the run is over. */
  readonly onAdvanced: (record: StepRecord) => void;
  /** Leases of the step in work are open again. */
  readonly onRestarted: () => void;
  /** A snapshot may have been taken, or may have failed to be. */
  readonly onSaved: () => void;
  readonly onFailed: (error: unknown) => void;
  readonly now: () => number;
}

/** Applies steps as they become complete and takes snapshots, one thing at a time. */
export interface StepLoop {
  /** Looks whether the step in work is complete, and if so applies it soon. Call after every counted lease. */
  check(): void;
  /** Leaves a lease of the step in work out; the others are done again. */
  skip(lease: LeaseId): void;
  /** Saves the last step boundary, unless it is saved already. */
  save(): Promise<RunPosition>;
}

/** Creates the loop. */
export function createStepLoop(options: StepLoopOptions): StepLoop {
  const { run, ledger, account, shards, boundary, recorder, onFailed, now } = options;
  let queue: Promise<unknown> = Promise.resolve();
  let finishing = false;

  function enqueue<T>(task: () => Promise<T>): Promise<T> {
    const done = queue.then(task);
    queue = done.catch(() => {});
    return done;
  }

  async function finish(): Promise<void> {
    if (!ledger.complete()) {
      finishing = false; // a lease was left out meanwhile
      return;
    }
    const { stage, step } = ledger.position();
    const [plan, stageConfig] = [run.plans[stage], run.config.stages[stage]];
    if (plan === undefined || stageConfig === undefined)
      throw new LlavaError('internal', `the run has no stage ${stage}`);
    const startedMs = now();
    const squares = joinSquares(await Promise.all(shards.map((shard) => shard.squares())));
    const totals = ledger.totals();
    const { update, facts } = decideUpdate({ stage: stageConfig, plan, step, totals, squares });
    await Promise.all(shards.map((shard) => shard.apply(update)));
    const applyMs = now() - startedMs;
    const times = { applyMs, timings: totals.timings };
    const record = await recorder.step(facts, { boundary, times });
    options.onSaved();
    account.clear();
    ledger.advance();
    finishing = false;
    options.onAdvanced(record);
  }

  async function restart(lease: LeaseId): Promise<void> {
    const { stage, step } = ledger.position();
    if (lease.stage !== stage || lease.step !== step || ledger.finished().includes(lease.lease)) return;
    const skipped = [...new Set([...ledger.skipped(), lease.lease])];
    await Promise.all(shards.map((shard) => shard.restart(skipped)));
    account.clear();
    ledger.skip(lease);
    options.onRestarted();
    check();
  }

  function check(): void {
    if (finishing || !ledger.complete()) return;
    finishing = true;
    enqueue(finish).catch(onFailed);
  }

  return {
    check,
    skip(lease) {
      enqueue(() => restart(lease)).catch(onFailed);
    },
    save: () =>
      enqueue(async () => {
        const snapshot = boundary();
        await recorder.save(snapshot);
        options.onSaved();
        return snapshot.position;
      }),
  };
}
