import { LlavaError, reach } from '@llava-ts/telemetry';
import type { GradientExchange, Lease, LeaseResult, PushOutcome } from './exchange-port.js';
import type { ModelHost } from './model-host.js';

/** Where a worker's time goes, in milliseconds: waiting for work, pulling parameters, waiting for samples, computing, pushing. */
export type WorkerTimings = Record<'wait' | 'pull' | 'data' | 'compute' | 'push', number>;

/** A lease that a worker has handed in. */
export interface LeaseProgress {
  readonly lease: Lease;
  readonly outcome: PushOutcome;
  readonly labelTokens: number;
  readonly lossSum: number;
  readonly timings: WorkerTimings;
}

/** Options of a worker's loop. */
export interface WorkerOptions {
  /** Ends the loop: the lease in work is given back. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LeaseProgress) => void;
}

/** What a worker did. */
export interface WorkerReport {
  readonly leases: Readonly<Record<PushOutcome, number>>;
  readonly timings: WorkerTimings;
  /** `done` when the run is over, `cancelled` when the signal ended the loop. */
  readonly ended: 'done' | 'cancelled';
}

/**
 * A worker: joins, then takes a lease, pulls the parameters it needs, computes it and pushes the result, until the run is over.
 * It holds nothing that another worker would miss: it may be lost at any point.
 * @throws what the exchange and the host throw, after having left the run; `cancelled` is not thrown but reported
 */
export async function runWorker(
  exchange: GradientExchange,
  host: ModelHost,
  options: WorkerOptions = {},
): Promise<WorkerReport> {
  const report = { leases: { accepted: 0, duplicate: 0, stale: 0 }, timings: noTime() };
  try {
    await work(exchange, host, { ...options, report });
    await exchange.leave('done');
    return { ...report, ended: 'done' };
  } catch (error) {
    const cancelled = options.signal?.aborted === true && error instanceof LlavaError && error.code === 'cancelled';
    await exchange.leave(cancelled ? 'cancelled' : String(error)).catch(() => undefined); // the first error says more
    if (cancelled) return { ...report, ended: 'cancelled' };
    throw error;
  }
}

interface Work extends WorkerOptions {
  readonly report: { readonly leases: Record<PushOutcome, number>; readonly timings: WorkerTimings };
}

async function work(exchange: GradientExchange, host: ModelHost, { signal, onProgress, report }: Work): Promise<void> {
  const { config, stage } = await exchange.join();
  if (stage < config.stages.length) await host.prepare(config, stage); // else the run is over already
  let have: number | null = null;
  let spent = noTime();
  for (;;) {
    const assignment = await timed(spent, 'wait', () => exchange.next(signal));
    if (assignment.kind === 'done') return;
    if (assignment.kind === 'stage') {
      await host.prepare(config, assignment.stage);
      have = null;
      continue;
    }
    const { lease } = assignment;
    reach('worker.lease');
    const pulled: boolean = await timed(spent, 'pull', () =>
      update(exchange, host, { lease, have, ...(signal && { signal }) }),
    );
    if (!pulled) continue;
    have = lease.version;
    const result = await host.compute(lease, signal);
    spent.data += result.timings['data'] ?? 0;
    spent.compute += result.timings['compute'] ?? 0;
    const { push: _previous, ...known } = spent;
    const outcome = await timed(spent, 'push', () => exchange.push({ ...result, timings: known }, signal));
    finish(report, { lease, outcome, timings: spent, result, ...(onProgress && { onProgress }) });
    spent = noTime();
  }
}

/** Brings the host to the lease's version. @returns false when that version is gone: somebody else has finished the step */
async function update(
  exchange: GradientExchange,
  host: ModelHost,
  { lease, have, signal }: { lease: Lease; have: number | null; signal?: AbortSignal },
): Promise<boolean> {
  const { stage, version } = lease;
  try {
    const parameters = await exchange.pull({ stage, version, have }, signal);
    if (parameters.size > 0) await host.update(parameters);
    return true;
  } catch (error) {
    if (error instanceof LlavaError && error.code === 'refused') return false;
    throw error;
  }
}

function finish(
  report: Work['report'],
  {
    lease,
    outcome,
    timings,
    result,
    onProgress,
  }: Pick<LeaseProgress, 'lease' | 'outcome' | 'timings'> & Pick<WorkerOptions, 'onProgress'> & { result: LeaseResult },
): void {
  report.leases[outcome]++;
  for (const [name, ms] of Object.entries(timings) as [keyof WorkerTimings, number][]) report.timings[name] += ms;
  onProgress?.({ lease, outcome, timings, labelTokens: result.labelTokens, lossSum: result.lossSum });
}

function noTime(): WorkerTimings {
  return { wait: 0, pull: 0, data: 0, compute: 0, push: 0 };
}

async function timed<T>(timings: WorkerTimings, name: keyof WorkerTimings, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await action();
  } finally {
    timings[name] += performance.now() - start;
  }
}
