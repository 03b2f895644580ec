import { startComputeThread, type ComputeThread } from '@llava-ts/engine';
import {
  changedParts,
  learningRateScale,
  sharedCopy,
  type BlockSquares,
  type OpenRun,
  type RunPosition,
  type RunSnapshot,
  type UpdateOptions,
} from '@llava-ts/trainer';
import type { OpenStage } from './shard-thread.js';

/**
 * Parameters and optimizer state of a shard. The arithmetic runs in a thread of its own, over memory that both threads see, so that health, control and
 * transfers go on while a step is applied. Calls take effect in the order in which they are made.
 */
export interface ShardState {
  /** @throws {LlavaError} `bad-input`, naming the tensor, for gradients that are not those of the stage or not finite */
  check(stage: number, gradients: ReadonlyMap<string, Float32Array>): Promise<void>;
  /**
   * Takes the gradients of a lease, which were checked; they belong to the state until the lease is part of the sum. Those of lease 0 become the sum
   * and belong to it until the step is applied or begun anew.
   */
  add(stage: number, lease: number, gradients: ReadonlyMap<string, Float32Array>): Promise<void>;
  /** Starts the sums of the step anew; the leases named count as added. */
  restart(stage: number, skipped: readonly number[]): Promise<void>;
  squares(stage: number): Promise<BlockSquares>;
  /** @returns milliseconds that it took */
  apply(stage: number, update: UpdateOptions): Promise<number>;
  /** What a worker of a stage pulls: the living arrays. */
  pulled(stage: number): ReadonlyMap<string, Float32Array>;
  /** The stage whose optimizer state is held; null before the first call. */
  openStage(): number | null;
  /** The living arrays at a step boundary: valid until the next `apply`. */
  snapshot(position: RunPosition): RunSnapshot;
  stop(): Promise<void>;
}

/** Starts the thread that does the arithmetic. */
export type StartThread = typeof startComputeThread;

/** A stage's optimizer state, as this thread sees it. */
interface Opened {
  readonly stage: number;
  readonly tensors: OpenStage['tensors'];
  updates: number;
}

const NOTHING: RunSnapshot['update'] = {
  updates: 0,
  parameters: new Map(),
  firstMoments: new Map(),
  secondMoments: new Map(),
};

/** Where the built module is: this file may be a source that a test has loaded. */
const THREAD = new URL('../../dist/server/shard-thread.js', import.meta.url);

/** Creates the state over a run's tensors (those of this shard), at the beginning or where a snapshot was taken. */
export async function createShardState(
  run: OpenRun,
  resumed: RunSnapshot | null,
  startThread: StartThread = startComputeThread,
): Promise<ShardState> {
  const { stages } = run.config;
  const thread = await startThread(THREAD, {});
  const parameters = new Map([...run.tensors].map(([name, { parameter }]) => [name, share(parameter)]));
  for (const [name, values] of resumed?.parameters ?? []) parameters.get(name)?.set(values);
  const ofParts = (parts: readonly string[]): string[] =>
    [...parameters.keys()].filter((name) => parts.some((part) => name.startsWith(`${part}.`))).sort();
  let opened: Opened | null = null;

  function open(stage: number): Opened {
    if (opened?.stage === stage) return opened;
    const moments = resumed?.position.stage === stage ? resumed.update : NOTHING;
    const tensors = new Map(
      ofParts(stages[stage]?.trainable ?? []).map((name) => {
        const parameter = parameters.get(name) ?? new Float32Array();
        const first = momentsOf(parameter, moments.firstMoments.get(name));
        const second = momentsOf(parameter, moments.secondMoments.get(name));
        const { shape = [] } = run.tensors.get(name) ?? {};
        return [
          name,
          { shape, parameter, moments: { first, second }, learningRateScale: learningRateScale(name, stages[stage]) },
        ];
      }),
    );
    opened = { stage, tensors, updates: moments.updates };
    void call('open', { tensors, updates: moments.updates } satisfies OpenStage);
    return opened;
  }
  const call = <R>(method: string, argument?: unknown): Promise<R> => {
    const answer = thread.call<R>(method, argument);
    answer.catch(() => {}); // whoever waits sees it
    return answer;
  };
  const pulled = (stage: number): Map<string, Float32Array> =>
    new Map(ofParts(changedParts(stages, stage)).map((name) => [name, parameters.get(name) ?? new Float32Array()]));

  return {
    check(stage, gradients) {
      open(stage);
      return call('check', gradients);
    },
    add(stage, lease, gradients) {
      open(stage);
      return call('add', { lease, gradients });
    },
    async restart(stage, skipped) {
      open(stage);
      await Promise.all([call('discard'), ...skipped.map((lease) => call('skip', lease))]);
    },
    squares(stage) {
      open(stage);
      return call('squares');
    },
    async apply(stage, update) {
      const state = open(stage);
      const ms = await call<number>('apply', update);
      state.updates += 1;
      return ms;
    },
    pulled,
    openStage: () => opened?.stage ?? null,
    snapshot(position) {
      // The moments of a stage that is over have made way for the next one's, and nobody needs them any more.
      const over = opened !== null && opened.stage > position.stage;
      return { position, parameters: pulled(position.stage), update: over ? NOTHING : exported(open(position.stage)) };
    },
    stop: () => stopThread(thread),
  };
}

function exported({ tensors, updates }: Opened): RunSnapshot['update'] {
  const collect = (pick: (tensor: { parameter: Float32Array; moments?: Moments }) => Float32Array | undefined) =>
    new Map([...tensors].map(([name, tensor]) => [name, pick(tensor) ?? new Float32Array()]));
  return {
    updates,
    parameters: collect(({ parameter }) => parameter),
    firstMoments: collect(({ moments }) => moments?.first),
    secondMoments: collect(({ moments }) => moments?.second),
  };
}

type Moments = { readonly first: Float32Array; readonly second: Float32Array };

function momentsOf({ length }: Float32Array, stored: Float32Array | undefined): Float32Array {
  return sharedCopy(stored ?? new Float32Array(length));
}

/** Memory that threads can share is taken as it is. */
function share(values: Float32Array): Float32Array {
  return values.buffer instanceof SharedArrayBuffer ? values : sharedCopy(values);
}

async function stopThread(thread: ComputeThread): Promise<void> {
  await thread.stop();
}
