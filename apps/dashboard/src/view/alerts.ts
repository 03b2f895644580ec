import type { Alert, EventView, RunView } from './run-view.js';
import { median, smoothed } from './smoothing.js';
import type { StepSeries } from './step-series.js';
import { bytes, duration, figure } from './words.js';

/** What alerts are derived from. */
export interface AlertSources {
  readonly run: Omit<RunView, 'alerts'>;
  readonly series: StepSeries;
  readonly events: readonly EventView[];
  /** Free bytes where the run writes; null while unknown. */
  readonly freeBytes: number | null;
  /** Bytes of the newest snapshot; null while there is none. */
  readonly snapshotBytes: number | null;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Steps over which a rise of the loss is judged. */
const WINDOW_STEPS = 50;
/** No step for so many usual steps (and never before a minute) is no progress. */
const STALL_FACTOR = 10;
const STALL_FLOOR_MS = 60_000;
/** A worker with less than this share of the median speed is a straggler. */
const STRAGGLER_SHARE = 0.5;
const LATE_HEARTBEAT_MS = 15_000;
/** Room for so many more snapshots is little. */
const SNAPSHOTS_OF_ROOM = 3;
const RECENT_MS = 10 * 60_000;

/** All that a person should look at now, the worst first. */
export function findAlerts(sources: AlertSources): Alert[] {
  const found = [
    lossNotFinite(sources),
    lossRising(sources),
    noProgress(sources),
    tooFewWorkers(sources),
    ...stragglers(sources),
    snapshotFailed(sources),
    diskFilling(sources),
    runFailed(sources),
  ].filter((alert) => alert !== null);
  return found.sort((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'));
}

const isActive = ({ run }: AlertSources): boolean => run.state === 'running' || run.state === 'waiting';

function lossNotFinite({ series }: AlertSources): Alert | null {
  const loss = series.column('loss').at(-1);
  if (loss === undefined || Number.isFinite(loss)) return null;
  const step = series.column('step').at(-1);
  return {
    severity: 'error',
    kind: 'loss-not-finite',
    message: `The loss of step ${step} is ${loss}: stop, and go on from an earlier snapshot with a lower learning rate`,
  };
}

function lossRising({ series }: AlertSources): Alert | null {
  const stage = series.column('stage');
  const current = stage.at(-1);
  const start = stage.findIndex((value) => value === current);
  const losses = series.column('loss').subarray(start);
  if (losses.length < 3 * WINDOW_STEPS) return null;
  const lowest = Math.min(...smoothed(losses, 1 - 1 / WINDOW_STEPS).subarray(WINDOW_STEPS));
  const newest = losses.subarray(-WINDOW_STEPS);
  const recent = median(newest);
  const spread = median(newest.map((value) => Math.abs(value - recent)));
  if (!(recent > 1.3 * lowest && recent - lowest > 2 * spread)) return null;
  return {
    severity: 'warn',
    kind: 'loss-rising',
    message: `The loss rose to ${figure(recent)} from its best, ${figure(lowest)}: look at the learning rate and at the newest data`,
  };
}

function noProgress(sources: AlertSources): Alert | null {
  const { run, series, nowMs } = sources;
  if (!isActive(sources) || series.rows === 0) return null;
  const last = series.column('atMs').at(-1) ?? NaN;
  const limitMs = Math.max(STALL_FLOOR_MS, STALL_FACTOR * median(series.column('ms').subarray(-WINDOW_STEPS)));
  if (!(nowMs - last > limitMs)) return null;
  const why = run.workers.length === 0 ? 'no worker is there' : 'look at the workers below';
  return { severity: 'error', kind: 'no-progress', message: `No step for ${duration(nowMs - last)}: ${why}` };
}

function tooFewWorkers(sources: AlertSources): Alert | null {
  const { run } = sources;
  if (!isActive(sources) || !run.live || run.workers.length >= Math.max(1, run.minimumWorkers)) return null;
  return {
    severity: run.workers.length === 0 ? 'error' : 'warn',
    kind: 'too-few-workers',
    message: `${run.workers.length} of at least ${Math.max(1, run.minimumWorkers)} workers are there: start more, or look at why they left in the log`,
  };
}

function stragglers(sources: AlertSources): Alert[] {
  if (!isActive(sources)) return [];
  const { workers } = sources.run;
  const usual = median(workers.map(({ tokensPerSecond }) => tokensPerSecond).filter((rate) => rate > 0));
  return workers.flatMap(({ name, tokensPerSecond, heartbeatAgeMs }): Alert[] => {
    if (heartbeatAgeMs > LATE_HEARTBEAT_MS) {
      const message = `${name} was last heard of ${duration(heartbeatAgeMs)} ago: its lease goes to another worker`;
      return [{ severity: 'warn', kind: 'silent-worker', message }];
    }
    if (!(tokensPerSecond > 0 && tokensPerSecond < STRAGGLER_SHARE * usual)) return [];
    const message = `${name} does ${figure(tokensPerSecond)} tokens/s, the others about ${figure(usual)}: look at its machine`;
    return [{ severity: 'warn', kind: 'straggler', message }];
  });
}

function snapshotFailed({ events, nowMs }: AlertSources): Alert | null {
  const last = events.findLast(({ kind }) => kind.startsWith('snapshot'));
  if (last?.level !== 'error' || nowMs - last.atMs > RECENT_MS) return null;
  return { severity: 'error', kind: 'snapshot-failed', message: last.message };
}

function diskFilling({ freeBytes, snapshotBytes, run }: AlertSources): Alert | null {
  if (freeBytes === null || snapshotBytes === null || freeBytes > SNAPSHOTS_OF_ROOM * snapshotBytes) return null;
  if (run.state === 'done') return null;
  return {
    severity: 'error',
    kind: 'disk-filling',
    message: `${bytes(freeBytes)} are free where the run writes, a snapshot takes ${bytes(snapshotBytes)}: make room`,
  };
}

function runFailed({ run }: AlertSources): Alert | null {
  if (run.state !== 'failed') return null;
  return {
    severity: 'error',
    kind: 'failed',
    message: run.lastError === '' ? 'The run failed: see its log' : run.lastError,
  };
}
