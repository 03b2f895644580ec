import { LlavaError } from '@llava-ts/telemetry';
import {
  decideUpdate,
  type OpenRun,
  type RunRecorder,
  type RunSnapshot,
  type StepLedger,
  type StepRecord,
} from '@llava-ts/trainer';
import type { LocalShard } from './local-shard.js';

/** What finishing steps needs. */
export interface StepLoopOptions {
  readonly run: OpenRun;
  readonly ledger: StepLedger;
  readonly shard: LocalShard;
  /** Writes metrics and snapshots; waited for before the next step begins. */
  readonly recorder: RunRecorder;
  /** The next step can be handed out, or the run is over. */
  readonly onAdvanced: (record: StepRecord) => void;
  readonly onSnapshot: (snapshot: RunSnapshot) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Applies steps as they become complete and takes snapshots, one thing at a time. */
export interface StepLoop {
  /** Looks whether the step in work is complete, and if so applies it soon. Call after every accepted lease. */
  check(): void;
  /** Saves the last step boundary, unless it is saved already. */
  save(): Promise<void>;
  /** Resolves when nothing is being applied or saved. */
  idle(): Promise<void>;
}

/** Creates the loop. */
export function createStepLoop(options: StepLoopOptions): StepLoop {
  const { run, ledger, shard, recorder, onAdvanced, onSnapshot, onFailed } = options;
  let queue: Promise<unknown> = Promise.resolve();
  let finishing = false;

  function enqueue<T>(task: () => Promise<T>): Promise<T> {
    const done = queue.then(task);
    queue = done.catch(() => {});
    return done;
  }

  async function finish(): Promise<void> {
    // The answer to the last push leaves before the arithmetic holds the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    const { stage, step } = ledger.position();
    const [plan, stageConfig] = [run.plans[stage], run.config.stages[stage]];
    if (plan === undefined || stageConfig === undefined)
      throw new LlavaError('internal', `the run has no stage ${stage}`);
    const { update, facts } = decideUpdate({
      stage: stageConfig,
      plan,
      step,
      totals: ledger.totals(),
      squares: shard.squares(),
    });
    shard.apply(update);
    const taken: RunSnapshot[] = [];
    const record = await recorder.step(facts, () => {
      const snapshot = shard.snapshot();
      taken.push(snapshot);
      return snapshot;
    });
    for (const snapshot of taken) onSnapshot(snapshot);
    ledger.advance();
    finishing = false;
    onAdvanced(record);
  }

  return {
    check() {
      if (finishing || !ledger.complete()) return;
      finishing = true;
      enqueue(finish).catch(onFailed);
    },
    save: () =>
      enqueue(async () => {
        const snapshot = shard.snapshot();
        await recorder.save(snapshot);
        onSnapshot(snapshot);
      }),
    idle: async () => {
      await queue;
    },
  };
}
