import { join } from 'node:path';
import {
  joinShards,
  listSnapshots,
  readJson,
  readSnapshot,
  writeSnapshot,
  writeSnapshotGroups,
} from '@llava-ts/checkpoint';
import type { Snapshot, SnapshotContent, SnapshotOptions, StoredTensor, WrittenFile } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';
import type { Logger } from '@llava-ts/telemetry';
import { configDifferences } from './config-differences.js';
import type { OpenRun } from './open-run.js';
import { PARTITION_VERSION, takeRows } from './partition.js';
import type { ShardPieces } from './partition.js';
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
  /** How the tensors are spread over files; absent in older ones, which have one shard. */
  readonly partition?: { readonly version: number; readonly shards: number };
  /** Mean loss of the last steps, to tell the best; absent when no step was applied since the start. */
  readonly loss?: number;
}

/** Which of how many shards. */
export interface ShardPlace {
  readonly index: number;
  readonly shards: number;
}

/** The name of a snapshot: `<stage>-<step>`, step counted from 1 and 0 for a run that has not begun. */
export function snapshotName({ config }: Pick<OpenRun, 'config'>, { stage, step }: RunPosition): string {
  return `${config.stages[stage]?.name ?? 'done'}-${step}`;
}

/** What a snapshot is written from. */
export interface RunSnapshotContent {
  /** Of this shard. */
  readonly snapshot: RunSnapshot;
  readonly runId: string;
  readonly loss?: number;
  /** Number of shards; 1 unless given. The writer is shard 0. */
  readonly shards?: number;
  /** Has the other shards write their parts, see {@link writeRunSnapshotPart}. */
  readonly addFiles?: SnapshotOptions['addFiles'];
}

/**
 * Writes a snapshot of a run under `root`, whole or not at all.
 * @returns its folder
 */
export async function writeRunSnapshot(root: string, run: OpenRun, content: RunSnapshotContent): Promise<string> {
  const { snapshot, runId, loss, shards = 1, addFiles } = content;
  const { config, dataDigests } = run;
  const { position, update } = snapshot;
  const state: SnapshotState = {
    format: 1,
    runId,
    position,
    updates: update.updates,
    config,
    dataDigests,
    partition: { version: PARTITION_VERSION, shards },
    ...(loss !== undefined && { loss }),
  };
  const { keepSnapshots, keepBest = 0 } = config.train;
  return writeSnapshot(
    root,
    snapshotName(run, position),
    { tensors: groupsOf(run, snapshot, { index: 0, shards }), state },
    {
      keep: keepSnapshots,
      keepAlso: await bestSnapshots(root, { state, keepBest }),
      ...(addFiles && { addFiles }),
    },
  );
}

/**
 * Writes one shard's part of a snapshot into a folder that shard 0 is filling.
 * @returns what the manifest has to say about it
 */
export function writeRunSnapshotPart(
  folder: string,
  run: OpenRun,
  { snapshot, place }: { snapshot: RunSnapshot; place: ShardPlace },
): Promise<Record<string, WrittenFile>> {
  return writeSnapshotGroups(folder, groupsOf(run, snapshot, place));
}

function groupsOf(
  run: OpenRun,
  { parameters, update }: RunSnapshot,
  { index, shards }: ShardPlace,
): SnapshotContent['tensors'] {
  const withShapes = (arrays: ReadonlyMap<string, Float32Array>): SnapshotContent['tensors'][string] =>
    new Map([...arrays].map(([path, data]) => [path, { shape: run.tensors.get(path)?.shape ?? [data.length], data }]));
  const suffix = shards === 1 ? '' : `-${index}-of-${shards}`;
  return {
    [`parameters${suffix}`]: withShapes(parameters),
    [`first-moments${suffix}`]: withShapes(update.firstMoments),
    [`second-moments${suffix}`]: withShapes(update.secondMoments),
  };
}

/** The snapshots of the lowest losses in the stage, the one that is being written included. */
async function bestSnapshots(
  root: string,
  { state, keepBest }: { state: SnapshotState; keepBest: number },
): Promise<string[]> {
  if (keepBest === 0) return [];
  const own = snapshotName(state, state.position);
  const others = (await listSnapshots(root)).filter(({ name, problem }) => problem === undefined && name !== own);
  const known = await Promise.all(
    others.map(async ({ name }) => ({
      name,
      state: (await readJson(join(root, name, 'state.json'))) as SnapshotState,
    })),
  );
  return [...known, { name: own, state }]
    .filter((other) => other.state.position.stage === state.position.stage && other.state.loss !== undefined)
    .sort((a, b) => (a.state.loss ?? 0) - (b.state.loss ?? 0))
    .slice(0, keepBest)
    .map(({ name }) => name);
}

/**
 * Reads a snapshot to go on from, the newest whole one by default; of all tensors, or of the pieces of a shard, however many shards wrote it.
 * @throws {LlavaError} `not-found` or `corrupt`; `mismatch` when it is of another configuration or other data, naming what differs
 */
export async function readRunSnapshot(
  root: string,
  run: OpenRun,
  options: { name?: string; logger?: Logger; pieces?: ShardPieces } = {},
): Promise<{ snapshot: RunSnapshot; runId: string; name: string }> {
  const { name = 'latest', logger, pieces } = options;
  const stored = await readSnapshot(root, name, logger ? { logger } : {});
  const state = checkState(stored, `${root}/${stored.name}`);
  checkSameRun(state, run, `${root}/${stored.name}`);
  const groups = joinShards(stored);
  const read = (name: string): Map<string, Float32Array> => {
    const group = groups[name];
    if (group === undefined) throw new LlavaError('corrupt', `snapshot ${stored.name}: has no ${name}.safetensors`);
    return arraysOf(group, pieces);
  };
  const parameters = read('parameters');
  const update = {
    updates: state.updates,
    parameters,
    firstMoments: read('first-moments'),
    secondMoments: read('second-moments'),
  };
  const learning = new Map([...parameters].filter(([path]) => update.firstMoments.has(path)));
  return {
    snapshot: { position: state.position, parameters, update: { ...update, parameters: learning } },
    runId: state.runId,
    name: stored.name,
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

/** A group's tensors, whole or cut down to pieces. */
function arraysOf(group: ReadonlyMap<string, StoredTensor>, pieces?: ShardPieces): Map<string, Float32Array> {
  return new Map(
    [...group].flatMap(([path, { shape, data }]) => {
      const piece = pieces?.get(path);
      if (!(data instanceof Float32Array) || (pieces !== undefined && piece === undefined)) return [];
      return [[path, piece === undefined ? data : takeRows(data, shape, piece).slice()] as const];
    }),
  );
}
