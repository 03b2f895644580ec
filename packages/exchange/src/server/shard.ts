import { LlavaError, reach } from '@llava-ts/telemetry';
import {
  createStepLedger,
  stepLeases,
  type BlockSquares,
  type LeaseId,
  type LeaseResult,
  type OpenRun,
  type PushOutcome,
  type RunPosition,
  type RunSnapshot,
  type ShardPieces,
  type UpdateOptions,
} from '@llava-ts/trainer';
import { layOut, type Layout } from '../wire/layout.js';
import type { ReceivedArrays, ServedParameters, ServedTensor } from './served-parameters.js';
import { createShardState, type StartThread } from './shard-state.js';

/** The tensors of this process: served to workers, and moved on step by step by the coordinator. */
export interface Shard extends ServedParameters {
  /** The step in work and the leases of it that are in. */
  progress(): { readonly position: RunPosition; readonly leases: readonly number[] };
  /** Sums of squares of the summed gradients of a complete step. */
  squares(): Promise<BlockSquares>;
  /** Applies the step in work and goes on to the next one. @returns milliseconds that it took */
  apply(update: UpdateOptions): Promise<number>;
  /** Drops what came of the step in work; the leases named count as in, with a gradient of zero. */
  restart(skipped: readonly number[]): Promise<void>;
  /** The state at the last step boundary; its arrays are valid until the next `apply`. */
  snapshot(): RunSnapshot;
  /** Bytes of all parameters. */
  readonly bytes: number;
  stop(): Promise<void>;
}

/** What a shard is made from. */
export interface ShardOptions {
  /** Its tensors are those of this shard. */
  readonly run: OpenRun;
  /** Which rows they are; whole tensors when absent. */
  readonly pieces?: ShardPieces;
  readonly resumed?: RunSnapshot | undefined;
  /** A thread of its own when absent. */
  readonly startThread?: StartThread;
}

/** Creates a shard. It keeps a ledger of its own of what it has; whether a step is complete is the coordinator's to say, who asks all shards. */
export async function createShard({ run, pieces, resumed, startThread }: ShardOptions): Promise<Shard> {
  const state = await createShardState(run, resumed ?? null, startThread);
  const ledger = createStepLedger({
    plans: run.plans,
    leaseTimeoutMs: Infinity, // grants are the coordinator's business
    now: () => 0,
    ...(resumed && { start: resumed.position }),
  });
  const tables = createTables(run, { pulled: state.pulled, ...(pieces && { pieces }) });
  const added = createAddedLeases();
  /** Results that the arithmetic is looking at, by lease. */
  const checking = new Map<number, Promise<PushOutcome>>();
  /** Changes with every restart: what was on its way then is void. */
  let attempt = 0;
  let restarting: Promise<void> = Promise.resolve();
  let boundary: RunPosition = resumed?.position ?? ledger.position();

  const current = (): { stage: number; version: number } => {
    const { stage, step } = ledger.position();
    return { stage, version: step };
  };
  const find = ({ stage, step, lease }: LeaseId): ReturnType<ServedParameters['find']> => {
    const position = ledger.position();
    const plan = run.plans[position.stage];
    if (plan === undefined || stage !== position.stage || step !== position.step) return null;
    const found = stepLeases(plan, step)[lease];
    if (found === undefined)
      throw new LlavaError('bad-input', `lease ${lease} of step ${step}: there is none of this number`);
    return found;
  };

  async function add(result: LeaseResult, { finite, release }: ReceivedArrays): Promise<PushOutcome> {
    const { stage, lease } = result.lease;
    const begun = attempt;
    try {
      await restarting;
      if (!finite) await state.check(stage, result.gradients);
      if (begun !== attempt)
        throw new LlavaError('unavailable', `lease ${lease}: its step was begun anew meanwhile; send it again`);
    } catch (error) {
      release();
      throw error;
    }
    // Counted from here on: the thread adds before it does what is asked of it next. What goes wrong in it shows there, too.
    state.add(stage, lease, result.gradients).then(() => added.add(lease, release), release);
    return ledger.submit(result);
  }

  return {
    current,
    find,
    bytes: [...run.tensors.values()].reduce((sum, { parameter }) => sum + parameter.byteLength, 0),
    tensors: () => tables.of(current().stage).tensors,
    pushLayout: () => tables.of(current().stage).pushLayout,
    judge: (lease) => ledger.judge(lease),
    progress: () => ({ position: ledger.position(), leases: ledger.finished() }),
    async accept(result, arrays) {
      // Two workers may deliver a lease at once. The second one waits for what becomes of the first.
      const { lease } = result.lease;
      for (let first = checking.get(lease); first !== undefined; first = checking.get(lease))
        await first.catch(() => {});
      const outcome = ledger.judge(result.lease);
      if (outcome !== 'accepted') {
        arrays.release();
        return outcome;
      }
      const mine = add(result, arrays);
      checking.set(lease, mine);
      try {
        return await mine;
      } finally {
        checking.delete(lease);
      }
    },
    squares: () => state.squares(ledger.position().stage),
    async apply(update) {
      const { stage, step } = ledger.position();
      reach('shard.apply');
      const ms = await state.apply(stage, update);
      added.clear();
      boundary = { stage, step: step + 1 };
      ledger.advance();
      reach('shard.applied');
      return ms;
    },
    async restart(skipped) {
      attempt += 1;
      const { stage, step } = ledger.position();
      // At once: a push of a lease that is left out must not reach the arithmetic behind the restart.
      for (const lease of skipped) ledger.skip({ stage, step, lease });
      restarting = state.restart(stage, skipped);
      await restarting;
      added.clear();
    },
    snapshot() {
      const open = state.openStage();
      if (open !== null && open > boundary.stage) boundary = { stage: open, step: 0 };
      return state.snapshot(boundary);
    },
    stop: state.stop,
  };
}

/**
 * Releases the arrays of leases once they are part of the sum, which is when all leases before them are there. Those of lease 0 are the sum: they are
 * released with the step. So are all when lease 0 is left out.
 */
function createAddedLeases(): { add: (lease: number, release: () => void) => void; clear: () => void } {
  const waiting = new Map<number, () => void>();
  let summed = 0;
  return {
    add(lease, release) {
      waiting.set(lease, release);
      for (let next = waiting.get(summed); next !== undefined; next = waiting.get(summed)) {
        if (summed > 0) {
          waiting.delete(summed);
          next();
        }
        summed += 1;
      }
    },
    clear() {
      for (const release of waiting.values()) release();
      waiting.clear();
      summed = 0;
    },
  };
}

interface StageTable {
  readonly tensors: readonly ServedTensor[];
  readonly pushLayout: Layout;
}

/** The tables of tensors of the stage in work: made once per stage. */
function createTables(
  run: OpenRun,
  { pulled, pieces }: { pulled: (stage: number) => ReadonlyMap<string, Float32Array>; pieces?: ShardPieces },
): { of: (stage: number) => StageTable } {
  let known: { stage: number; table: StageTable } | null = null;
  const make = (stage: number): StageTable => {
    const parts = run.config.stages[stage]?.trainable ?? [];
    const learns = (name: string): boolean => parts.some((part) => name.startsWith(`${part}.`));
    const tensors = [...pulled(stage)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, values]) => ({
        name,
        shape: run.tensors.get(name)?.shape ?? [],
        firstRow: pieces?.get(name)?.firstRow ?? 0,
        learns: learns(name),
        values,
      }));
    return { tensors, pushLayout: layOut(tensors.filter((tensor) => tensor.learns)) };
  };
  return {
    of(stage) {
      if (known?.stage !== stage) known = { stage, table: make(stage) };
      return known.table;
    },
  };
}
