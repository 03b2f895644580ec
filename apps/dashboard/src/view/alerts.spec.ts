import { beforeEach, expect, it } from 'vitest';
import { findAlerts } from './alerts.js';
import type { AlertSources } from './alerts.js';
import type { RunView, WorkerView } from './run-view.js';
import { COLUMNS, createStepSeries } from './step-series.js';
import type { StepRow, StepSeries } from './step-series.js';

const NOW_MS = 1_000_000_000;
const WORKER: WorkerView = {
  name: 'a',
  phase: 'computing',
  lease: null,
  heartbeatAgeMs: 100,
  device: 'cpu',
  residentBytes: 1,
  deliveredLeases: 1,
  tokensPerSecond: 100,
  waitingShare: 0,
  restarts: 0,
  connected: true,
  lastError: '',
};
let series: StepSeries;

beforeEach(() => {
  series = createStepSeries();
});

function steps(count: number, loss: (index: number) => number): void {
  for (let index = 0; index < count; index += 1) {
    const zeros = Object.fromEntries(COLUMNS.map((name) => [name, 0])) as StepRow;
    series.append({ ...zeros, step: index, loss: loss(index), ms: 100, atMs: NOW_MS - 100 * (count - index) });
  }
}

function kinds(run: Partial<RunView> = {}, sources: Partial<AlertSources> = {}): string[] {
  const base = {
    state: 'running',
    live: true,
    minimumWorkers: 1,
    workers: [WORKER],
    lastError: '',
  } as unknown as Omit<RunView, 'alerts'>;
  return findAlerts({
    run: { ...base, ...run },
    series,
    events: [],
    freeBytes: 1e12,
    snapshotBytes: 1e6,
    nowMs: NOW_MS,
    ...sources,
  }).map(({ kind }) => kind);
}

it('a run that learns has none', () => {
  steps(300, (index) => 1 / (1 + index / 50) + 0.01 * Math.sin(index));
  expect(kinds()).toEqual([]);
});

it('a loss that is no number is named first', () => {
  steps(5, (index) => (index === 4 ? NaN : 1));
  expect(kinds({ workers: [WORKER, { ...WORKER, heartbeatAgeMs: 60_000 }] })).toEqual([
    'loss-not-finite',
    'silent-worker',
  ]);
});

it('a loss that rises for long is named, one that jumps at a new stage is not', () => {
  steps(300, (index) => (index < 200 ? 0.5 : 0.5 + 0.02 * (index - 200)));
  expect(kinds()).toEqual(['loss-rising']);
  const zeros = Object.fromEntries(COLUMNS.map((name) => [name, 0])) as StepRow;
  series.append({ ...zeros, stage: 1, loss: 9, ms: 100, atMs: NOW_MS });
  expect(kinds()).toEqual([]);
});

it('no step for long is no progress, unless the run is paused or over', () => {
  steps(20, () => 1);
  const later = { nowMs: NOW_MS + 120_000 };
  expect(kinds({}, later)).toEqual(['no-progress']);
  expect(kinds({ state: 'paused' }, later)).toEqual([]);
  expect(kinds({ state: 'done', live: false }, later)).toEqual([]);
});

it('stragglers, silent and missing workers are named', () => {
  const slow = { ...WORKER, name: 'slow', tokensPerSecond: 30 };
  expect(kinds({ workers: [WORKER, { ...WORKER, name: 'b' }, slow] })).toEqual(['straggler']);
  expect(kinds({ workers: [WORKER], minimumWorkers: 2 })).toEqual(['too-few-workers']);
  expect(kinds({ workers: [] })).toEqual(['too-few-workers']);
});

it('a snapshot that failed and a disk that fills are named', () => {
  const failed = { atMs: NOW_MS, level: 'error', kind: 'snapshot-failed', message: 'no room', row: null } as const;
  expect(kinds({}, { events: [failed] })).toEqual(['snapshot-failed']);
  expect(kinds({}, { events: [failed, { ...failed, level: 'info', kind: 'snapshot-written' }] })).toEqual([]);
  expect(kinds({}, { freeBytes: 1e6 })).toEqual(['disk-filling']);
});
