import type { ComputeThread } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { Lease, LeaseResult } from './exchange-port.js';
import type { LossSums } from './lease-program.js';
import { loadSamples, makeMicroBatch } from './sample-batches.js';
import type { BatchSource, LoadedSamples } from './sample-batches.js';

/** A stage whose leases can be computed. */
export interface PreparedStage {
  readonly source: BatchSource;
  /** The samples of a lease, in order. */
  readonly ordinalsOf: (lease: Pick<Lease, 'first' | 'count'>) => number[];
  /** Cuts a lease's samples into micro-batches. */
  readonly groups: (ordinals: readonly number[]) => number[][];
  /** What an adapter's dropout leaves out in a micro-batch of a lease: the same on every worker. */
  readonly dropoutSeed: (lease: Lease, microBatch: number) => Int32Array;
  /** Samples that were read ahead, at most one micro-batch of them. */
  ahead?: { readonly key: string; readonly loaded: Promise<LoadedSamples> };
  /** Where the lease before began: the next one is as far ahead, as long as workers take turns. */
  previousFirst?: number;
  close(): Promise<void>;
}

/**
 * Computes a lease: while a micro-batch is computed the next one is made, and while the last one is, the samples of the lease that probably
 * comes next are read and decoded. That is a guess that saves time and changes no result.
 * @throws {LlavaError} `cancelled` when `signal` aborts; what loading samples and pictures throws
 */
export async function computeLease(
  thread: ComputeThread,
  stage: PreparedStage,
  { lease, signal }: { lease: Lease; signal?: AbortSignal },
): Promise<LeaseResult> {
  const groups = stage.groups(stage.ordinalsOf(lease));
  const timings = { data: 0, compute: 0 };
  const totals = { lossSum: 0, labelTokens: 0, tokens: 0, truncatedSamples: 0, skippedSamples: 0 };
  await thread.call('clearGradients');
  let next = begin(stage, groups[0] ?? []);
  for (let index = 0; index < groups.length; index++) {
    if (signal?.aborted) throw new LlavaError('cancelled', 'the lease was given up', { cause: signal.reason });
    const { batch, facts } = await timed(timings, 'data', () => next);
    const computing = thread.call<LossSums>('gradients', { ...batch, dropoutSeed: stage.dropoutSeed(lease, index) });
    const following = groups[index + 1];
    if (following === undefined) readAhead(stage, lease);
    else next = begin(stage, following);
    const sums = await timed(timings, 'compute', () => computing);
    for (const name of ['lossSum', 'labelTokens'] as const) totals[name] += sums[name];
    for (const name of ['tokens', 'truncatedSamples', 'skippedSamples'] as const) totals[name] += facts[name];
  }
  const gradients = await timed(timings, 'compute', () => thread.call<Map<string, Float32Array>>('takeGradients'));
  return { lease, gradients, ...totals, timings };
}

function begin(stage: PreparedStage, ordinals: readonly number[]): ReturnType<typeof makeMicroBatch> {
  const key = ordinals.join();
  const loading = stage.ahead?.key === key ? stage.ahead.loaded : loadSamples(stage.source, ordinals);
  delete stage.ahead;
  const making = loading.then((loaded) => makeMicroBatch(stage.source, loaded));
  making.catch(() => undefined); // a failure is reported when its turn comes, also if something else fails first
  return making;
}

function readAhead(stage: PreparedStage, { first, count }: Lease): void {
  const stride = first - (stage.previousFirst ?? first - count);
  stage.previousFirst = first;
  if (stride <= 0) return;
  const ordinals = nextGroup(stage, { first: first + stride, count });
  if (ordinals === null) return;
  const loaded = loadSamples(stage.source, ordinals);
  loaded.catch(() => undefined);
  stage.ahead = { key: ordinals.join(), loaded };
}

function nextGroup(stage: PreparedStage, span: Pick<Lease, 'first' | 'count'>): number[] | null {
  try {
    return stage.groups(stage.ordinalsOf(span))[0] ?? null;
  } catch {
    return null; // behind the end of the stage
  }
}

async function timed<T, K extends string>(timings: Record<K, number>, name: K, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  timings[name] += performance.now() - start;
  return result;
}
