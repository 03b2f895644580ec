import { basename, resolve } from 'node:path';
import type { Entry } from '@llava-ts/exchange';
import type { RunStatusMessage } from '@llava-ts/protos';
import type { RunConfig } from '@llava-ts/trainer';
import { findAlerts } from '../view/alerts.js';
import type { RunState, RunView, StageView, WorkerView } from '../view/run-view.js';
import { median } from '../view/smoothing.js';
import { followFolder } from './follow-folder.js';
import type { FolderFollower } from './follow-folder.js';
import { followServer } from './follow-server.js';
import type { ServerFollower } from './follow-server.js';
import { createRunStore } from './run-store.js';
import type { RunStore } from './run-store.js';

/** Where a run is found: its folder, its server, or both. */
export interface RunPlace {
  readonly name?: string;
  readonly folder?: string;
  /** host:port of the coordinator. */
  readonly server?: string;
  /** Certificate (of an operator, to steer too) and run token, where the server asks for them. */
  readonly entry?: Entry;
}

/** A run that is watched. */
export interface WatchedRun {
  readonly id: string;
  readonly place: RunPlace;
  readonly store: RunStore;
  view(): RunView;
  close(): void;
}

/** A folder that has not changed for this long belongs to a run that has ended. */
const QUIET_MS = 60_000;
const ETA_STEPS = 100;

/**
 * Begins to watch a run.
 * @throws LlavaError `not-found`, `corrupt`: what {@link followFolder} says about the folder
 */
export async function watchRun(
  place: RunPlace,
  { id, now, onNews }: { id: string; now: () => number; onNews: () => void },
): Promise<WatchedRun> {
  const store = createRunStore();
  const news = { atMs: null as number | null };
  const hear = (): void => {
    news.atMs = now();
    onNews();
  };
  const folder =
    place.folder === undefined
      ? null
      : await followFolder({ folder: place.folder, store, withoutSteps: place.server !== undefined, onNews: hear });
  const server =
    place.server === undefined
      ? null
      : followServer({
          address: place.server,
          store,
          onNews: hear,
          ...(place.entry && { entry: place.entry }),
        });
  return {
    id,
    place,
    store,
    view: () => makeView({ id, place, store, folder, server, heardMs: news.atMs, nowMs: now() }),
    close() {
      folder?.close();
      server?.close();
    },
  };
}

interface Sources {
  readonly id: string;
  readonly place: RunPlace;
  readonly store: RunStore;
  readonly folder: FolderFollower | null;
  readonly server: ServerFollower | null;
  readonly heardMs: number | null;
  readonly nowMs: number;
}

function makeView(sources: Sources): RunView {
  const { id, place, store, folder, server, nowMs } = sources;
  const status = server?.status ?? null;
  const config = folder?.config ?? null;
  const stages = stageViews(store, status, config);
  const newest = store.newest();
  const lastMs = store.series.column('atMs').at(-1) ?? NaN;
  const run: Omit<RunView, 'alerts'> = {
    id,
    name: place.name ?? (place.folder === undefined ? (place.server ?? id) : basename(resolve(place.folder))),
    preset: status?.preset ?? config?.preset ?? '',
    state: stateOf(sources, stages),
    stage: status?.stage ?? newest?.stage ?? 0,
    stages,
    etaMs: server?.connected === true ? (status?.remainingMs ?? null) : remainingMs(store, stages),
    updatedMs: Number.isFinite(lastMs) ? lastMs : sources.heardMs,
    live: server?.connected === true,
    waitingFor: status?.waitingFor ?? '',
    rows: store.series.rows,
    revision: store.revision,
    eventCount: store.events.length,
    evaluationCount: store.evaluations.length,
    minimumWorkers: status?.minWorkers ?? 0,
    workers: server?.connected === true ? (status?.workers ?? []).map((worker) => workerView(worker)) : [],
    shards: (status?.shards ?? []).map((shard) => ({ ...shard, snapshotMs: shard.snapshotMs ?? null })),
    data: dataView(status),
    snapshots: snapshotViews(sources, stages),
    pulledBytes: status?.pulledBytes ?? 0,
    pushedBytes: status?.pushedBytes ?? 0,
    regrantedLeases: status?.regrantedLeases ?? 0,
    refusedPushes: status?.refusedPushes ?? 0,
    lastError: status?.lastError ?? '',
  };
  const { freeBytes = null, snapshotBytes = null } = folder ?? {};
  const alerts = findAlerts({ run, series: store.series, events: store.events, freeBytes, snapshotBytes, nowMs });
  return { ...run, alerts };
}

function stageViews(store: RunStore, status: RunStatusMessage | null, config: RunConfig | null): StageView[] {
  const names = config?.stages.map(({ name }) => name) ?? status?.stageNames ?? [];
  const stages = store.series.column('stage');
  const steps = store.series.column('step');
  return names.map((name, stage) => {
    const last = stages.lastIndexOf(stage);
    return {
      name,
      trainable: config?.stages[stage]?.trainable ?? [],
      step: last < 0 ? 0 : (steps[last] as number) + 1,
      steps:
        status?.stageSteps[stage] ?? store.stageSteps.get(stage) ?? (status?.stage === stage ? status.steps : null),
    };
  });
}

const SERVER_STATES: Readonly<Record<string, RunState>> = {
  STATE_WAITING: 'waiting',
  STATE_RUNNING: 'running',
  STATE_PAUSED: 'paused',
  STATE_STOPPING: 'stopping',
  STATE_DONE: 'done',
  STATE_FAILED: 'failed',
};

function stateOf({ server, folder, store, nowMs, heardMs }: Sources, stages: readonly StageView[]): RunState {
  const status = server?.status ?? null;
  const said = status === null ? null : (SERVER_STATES[status.state] ?? null);
  if (server !== null && server.connected && said !== null) return said;
  if (said === 'done' || said === 'failed') return said;
  if (folder?.finished === true) return 'done';
  if (server !== null) return said === 'stopping' ? 'stopped' : 'unreachable';
  const last = store.series.column('atMs').at(-1) ?? heardMs ?? 0;
  if (stages.length === 0 || store.series.rows === 0) return 'waiting';
  return nowMs - last > QUIET_MS ? 'stopped' : 'running';
}

/** From the usual duration of the last steps; null when the number of steps is unknown. */
function remainingMs(store: RunStore, stages: readonly StageView[]): number | null {
  const usual = median(store.series.column('ms').subarray(-ETA_STEPS));
  const left = stages.reduce((sum, { step, steps }) => sum + (steps === null ? NaN : steps - step), 0);
  return Number.isFinite(usual * left) ? usual * left : null;
}

function workerView(worker: RunStatusMessage['workers'][number]): WorkerView {
  const [lease] = worker.leases;
  return {
    name: worker.worker,
    phase: worker.phase.replace('PHASE_', '').toLowerCase(),
    lease: lease === undefined ? null : `step ${lease.step + 1}, lease ${lease.lease}`,
    heartbeatAgeMs: worker.heartbeatAgeMs,
    device: worker.device,
    residentBytes: worker.residentBytes,
    deliveredLeases: worker.deliveredLeases,
    tokensPerSecond: worker.tokensPerSecond,
    waitingShare: worker.waitingShare,
    restarts: worker.restarts,
    connected: worker.connected,
    lastError: worker.lastError,
  };
}

function dataView(status: RunStatusMessage | null): RunView['data'] {
  const data = status?.data ?? null;
  if (data === null) return null;
  return {
    epoch: data.epoch,
    epochs: data.epochs,
    samplesDone: data.samplesDone,
    samplesTotal: data.samplesTotal,
    skippedSamples: data.skippedSamples,
    truncatedSamples: data.truncatedSamples,
    supervisedShare: data.tokens === 0 ? null : data.labelTokens / data.tokens,
  };
}

/** Snapshots of the folder; without one those that the server tells of. */
function snapshotViews({ folder, server, store }: Sources, stages: readonly StageView[]): RunView['snapshots'] {
  const last = server?.status?.lastSnapshot?.name;
  const names = folder?.snapshots ?? (last === undefined || last === '' ? [] : [last]);
  const views = names.map((name) => {
    const [, stageName = '', step = ''] = /^(.*)-(\d+)$/.exec(name) ?? [];
    const stage = stages.findIndex((one) => one.name === stageName);
    return { name, row: stage < 0 ? null : store.rowOf({ stage, step: Number(step) - 1 }) };
  });
  return views.sort((a, b) => (a.row ?? -1) - (b.row ?? -1));
}
