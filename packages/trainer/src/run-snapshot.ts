import { readSnapshot, writeSnapshot } from '@llava-ts/checkpoint';
import type { Snapshot, StoredTensor, WritableTensor } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';
import type { Logger } from '@llava-ts/telemetry';
import { configDifferences } from './config-differences.js';
import type { OpenRun } from './open-run.js';
import type { RunConfig } from './run-config.js';
import type { RunSnapshot } from './run-state.js';
import type { RunPosition } from './step-ledger.js';

/** The part of a snapshot that is no tensor. The data position and the order of samples follow from position, seed and digests. */
interface SnapshotState {
  readonly format: 1;
  readonly runId: string;
  readonly position: RunPosition;
  /** AdamW's step count. */
  readonly updates: number;
  readonly config: RunConfig;
  readonly dataDigests: readonly string[];
}

/** The name of a snapshot: `<stage>-<step>`, step counted from 1 and 0 for a run that has not begun. */
export function snapshotName({ config }: Pick<OpenRun, 'config'>, { stage, step }: RunPosition): string {
  return `${config.stages[stage]?.name ?? 'done'}-${step}`;
}

/**
 * Writes a snapshot of a run under `root`, whole or not at all.
 * @returns its folder
 */
export function writeRunSnapshot(
  root: string,
  run: OpenRun,
  options: { snapshot: RunSnapshot; runId: string },
): Promise<string> {
  const { snapshot, runId } = options;
  const { position, parameters, update } = snapshot;
  const state: SnapshotState = {
    format: 1,
    runId,
    position,
    updates: update.updates,
    config: run.config,
    dataDigests: run.dataDigests,
  };
  const withShapes = (arrays: ReadonlyMap<string, Float32Array>): Map<string, WritableTensor> =>
    new Map([...arrays].map(([path, data]) => [path, { shape: run.tensors.get(path)?.shape ?? [data.length], data }]));
  const tensors = {
    parameters: withShapes(parameters),
    'first-moments': withShapes(update.firstMoments),
    'second-moments': withShapes(update.secondMoments),
  };
  return writeSnapshot(root, snapshotName(run, position), { tensors, state }, { keep: run.config.train.keepSnapshots });
}

/**
 * Reads a snapshot to go on from, the newest whole one by default.
 * @throws {LlavaError} `not-found` or `corrupt`; `mismatch` when it is of another configuration or other data, naming what differs
 */
export async function readRunSnapshot(
  root: string,
  run: OpenRun,
  options: { name?: string; logger?: Logger } = {},
): Promise<{ snapshot: RunSnapshot; runId: string }> {
  const { name = 'latest', logger } = options;
  const stored = await readSnapshot(root, name, logger ? { logger } : {});
  const state = checkState(stored, `${root}/${stored.name}`);
  checkSameRun(state, run, `${root}/${stored.name}`);
  const parameters = arraysOf(stored.tensors['parameters']);
  const update = {
    updates: state.updates,
    parameters,
    firstMoments: arraysOf(stored.tensors['first-moments']),
    secondMoments: arraysOf(stored.tensors['second-moments']),
  };
  const learning = new Map([...parameters].filter(([path]) => update.firstMoments.has(path)));
  return {
    snapshot: { position: state.position, parameters, update: { ...update, parameters: learning } },
    runId: state.runId,
  };
}

/** The configuration that a run's newest whole snapshot was taken with. @throws {LlavaError} `not-found` or `corrupt` */
export async function readSnapshotConfig(root: string): Promise<unknown> {
  const stored = await readSnapshot(root, 'latest');
  return checkState(stored, `${root}/${stored.name}`).config;
}

function checkState({ state }: Snapshot, place: string): SnapshotState {
  const { format, position, updates, dataDigests, config } = (state ?? {}) as Partial<SnapshotState>;
  const whole =
    [position?.stage, position?.step, updates].every((count) => Number.isSafeInteger(count)) &&
    Array.isArray(dataDigests);
  if (format !== 1 || !whole || config === undefined)
    throw new LlavaError('corrupt', `${place}: not a snapshot of a training run of format 1`);
  return state as SnapshotState;
}

function checkSameRun(state: SnapshotState, run: OpenRun, place: string): void {
  const differences = configDifferences(state.config, run.config);
  if (differences.length > 0) {
    throw new LlavaError(
      'mismatch',
      `${place}: was taken with another configuration (${differences.join('; ')}); resume with the stored one, or start a new run`,
    );
  }
  run.dataDigests.forEach((digest, stage) => {
    if (digest === state.dataDigests[stage]) return;
    throw new LlavaError(
      'mismatch',
      `${place}: the samples of stage '${run.config.stages[stage]?.name}' have changed since; restore the dataset, or start a new run`,
    );
  });
}

function arraysOf(tensors: ReadonlyMap<string, StoredTensor> | undefined): Map<string, Float32Array> {
  return new Map(
    [...(tensors ?? [])].flatMap(([path, { data }]) => (data instanceof Float32Array ? [[path, data] as const] : [])),
  );
}
