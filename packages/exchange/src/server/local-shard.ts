import { LlavaError } from '@llava-ts/telemetry';
import {
  createRunState,
  stepLeases,
  type BlockSquares,
  type LeaseId,
  type OpenRun,
  type RunPosition,
  type RunSnapshot,
  type StepLedger,
  type UpdateOptions,
} from '@llava-ts/trainer';
import { layOut, type Layout } from '../wire/layout.js';
import type { ServedParameters, ServedTensor } from './served-parameters.js';

/** The tensors of this process: served to workers, and moved on step by step by the coordinator. */
export interface LocalShard extends ServedParameters {
  /** Sums of squares of the summed gradients of a complete step, by tensor and block. */
  squares(): BlockSquares;
  /** Applies the step in work. From now on only the next version can be pulled; `snapshot` is of it. */
  apply(update: UpdateOptions): void;
  /** The state at the last step boundary; its arrays are valid until the next `apply`. */
  snapshot(): RunSnapshot;
}

/** Creates the shard over the state of a run. The ledger says which step is in work; whoever calls `apply` then advances it. */
export function createLocalShard(run: OpenRun, ledger: StepLedger, resumed?: RunSnapshot): LocalShard {
  const state = createRunState(run, resumed);
  const tables = createTables(run, state.pulled);
  const added = createAddedLeases();
  /** Steps of the stage in work that are applied to the values; ahead of the ledger between `apply` and `advance`. */
  let boundary: RunPosition = resumed?.position ?? ledger.position();

  function current(): { stage: number; version: number } {
    const { stage, step } = ledger.position();
    const ahead = boundary.stage === stage && boundary.step > step;
    return { stage, version: ahead ? boundary.step : step };
  }
  function find({ stage, step, lease }: LeaseId): ReturnType<ServedParameters['find']> {
    const position = ledger.position();
    const plan = run.plans[position.stage];
    if (plan === undefined || stage !== position.stage || step !== position.step) return null;
    const found = stepLeases(plan, step)[lease];
    if (found === undefined)
      throw new LlavaError('bad-input', `lease ${lease} of step ${step}: there is none of this number`);
    return found;
  }
  return {
    current,
    find,
    tensors: () => tables.of(current().stage).tensors,
    pushLayout: () => tables.of(current().stage).pushLayout,
    judge: (lease) => ledger.judge(lease),
    accept(result, release) {
      const { stage, lease } = result.lease;
      const outcome = ledger.judge(result.lease);
      try {
        if (outcome === 'accepted') state.stage(stage).addLease(lease, result.gradients);
      } catch (error) {
        release();
        throw error;
      }
      if (outcome === 'accepted') added.add(lease, release);
      else release();
      return ledger.submit(result);
    },
    squares: () => state.stage(ledger.position().stage).sumOfSquares(),
    apply(update) {
      const { stage, step } = ledger.position();
      state.stage(stage).apply(update);
      added.clear();
      boundary = { stage, step: step + 1 };
    },
    snapshot() {
      const { stage } = ledger.position();
      // The optimizer state of a stage makes way for the next one's; what it was at its end is saved by then.
      if (boundary.stage !== stage && stage < run.plans.length) boundary = { stage, step: 0 };
      return state.snapshot(boundary);
    },
  };
}

/** Releases the arrays of leases once they are part of the sum, which is when all leases before them are there. */
function createAddedLeases(): { add: (lease: number, release: () => void) => void; clear: () => void } {
  const waiting = new Map<number, () => void>();
  let summed = 0;
  return {
    add(lease, release) {
      waiting.set(lease, release);
      for (let next = waiting.get(summed); next !== undefined; next = waiting.get(summed)) {
        waiting.delete(summed);
        summed += 1;
        next();
      }
    },
    clear() {
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
  pulled: (stage: number) => ReadonlyMap<string, Float32Array>,
): { of: (stage: number) => StageTable } {
  let known: { stage: number; table: StageTable } | null = null;
  const make = (stage: number): StageTable => {
    const parts = run.config.stages[stage]?.trainable ?? [];
    const learns = (name: string): boolean => parts.some((part) => name.startsWith(`${part}.`));
    const tensors = [...pulled(stage)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, values]) => ({ name, shape: run.tensors.get(name)?.shape ?? [], learns: learns(name), values }));
    return { tensors, pushLayout: layOut(tensors.filter((tensor) => tensor.learns)) };
  };
  return {
    of(stage) {
      if (known?.stage !== stage) known = { stage, table: make(stage) };
      return known.table;
    },
  };
}
