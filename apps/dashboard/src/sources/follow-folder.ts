import { open, readFile, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import type { RunConfig } from '@llava-ts/trainer';
import { parseEvaluation, parseEvent, parseStep } from './run-files.js';
import type { StepRow } from '../view/step-series.js';
import type { RunStore } from './run-store.js';

/** A run's folder that is followed. */
export interface FolderFollower {
  readonly config: RunConfig;
  /** Names of snapshots, as they are in the folder. */
  readonly snapshots: readonly string[];
  /** Whether the trained model has been written. */
  readonly finished: boolean;
  /** Free bytes on its disk; null while unknown. */
  readonly freeBytes: number | null;
  /** Bytes of the newest snapshot; null while there is none. */
  readonly snapshotBytes: number | null;
  close(): void;
}

/** How to follow a folder. */
export interface FollowFolderOptions {
  readonly folder: string;
  readonly store: RunStore;
  /** Steps come from a server; the folder is read for the rest. */
  readonly withoutSteps: boolean;
  readonly onNews: () => void;
  readonly intervalMs?: number;
}

/**
 * Reads a run's folder and goes on reading what is added to it.
 * @throws LlavaError `not-found` when the folder holds no run, `corrupt` for a configuration that cannot be read
 */
export async function followFolder(options: FollowFolderOptions): Promise<FolderFollower> {
  const { folder, store, onNews, intervalMs = 500 } = options;
  const config = await readConfig(folder);
  const state = {
    snapshots: [] as string[],
    finished: false,
    freeBytes: null as number | null,
    snapshotBytes: null as number | null,
  };
  const stageNames = config.stages.map(({ name }) => name);
  const takeStep = (row: StepRow & { readonly steps: number }): void => {
    store.addStep(row);
    store.stageSteps.set(row.stage, row.steps);
  };
  const tails = [
    ...(options.withoutSteps
      ? []
      : [tailLines(join(folder, 'metrics.jsonl'), (line) => whenThere(parseStep(line, stageNames), takeStep))]),
    tailLines(join(folder, 'events.jsonl'), (line) => whenThere(parseEvent(line, stageNames, store), store.addEvent)),
    tailLines(join(folder, 'evaluations.jsonl'), (line) =>
      whenThere(parseEvaluation(line, stageNames, store), store.addEvaluation),
    ),
  ];
  const refresh = async (): Promise<void> => {
    const read = await Promise.all(tails.map((tail) => tail()));
    const changed = await refreshFacts(folder, state);
    if (changed || read.includes(true)) onNews();
  };
  await refresh();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    refresh()
      .catch(() => undefined) // the folder is being moved or cleaned up; what was read stays
      .finally(() => (busy = false));
  }, intervalMs);
  return Object.assign(state, { config, close: () => clearInterval(timer) });
}

function whenThere<T>(value: T | null, use: (value: T) => void): void {
  if (value !== null) use(value);
}

async function readConfig(folder: string): Promise<RunConfig> {
  const file = join(folder, 'config.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new LlavaError('not-found', `${folder}: holds no run (no config.json); give the --out folder of llava train`);
  });
  try {
    return JSON.parse(text) as RunConfig;
  } catch (error) {
    throw new LlavaError('corrupt', `${file}: is no JSON (${errorLine(error)})`);
  }
}

interface Facts {
  snapshots: string[];
  finished: boolean;
  freeBytes: number | null;
  snapshotBytes: number | null;
}

/** Looks again at what is not a log. @returns whether anything that is shown has changed */
async function refreshFacts(folder: string, facts: Facts): Promise<boolean> {
  const names = await readdir(join(folder, 'snapshots')).catch(() => [] as string[]);
  const snapshots = names.filter((name) => /-\d+$/.test(name)).sort();
  const finished = await stat(join(folder, 'model', 'config.json')).then(
    () => true,
    () => false,
  );
  const changed = finished !== facts.finished || snapshots.join() !== facts.snapshots.join();
  if (changed || facts.freeBytes === null) {
    const newest = snapshots.at(-1);
    facts.snapshotBytes = newest === undefined ? null : await folderBytes(join(folder, 'snapshots', newest));
  }
  facts.freeBytes = await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
  Object.assign(facts, { snapshots, finished });
  return changed;
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Reads a file's whole lines, each once; begins again when the file became shorter. The result says whether there were new ones. */
function tailLines(file: string, onLine: (line: string) => void): () => Promise<boolean> {
  let position = 0;
  let inode = 0;
  return async () => {
    const handle = await open(file, 'r').catch(() => null);
    if (handle === null) return false;
    try {
      const { size, ino } = await handle.stat();
      if (ino !== inode || size < position) position = 0; // written anew: what is known already is passed over
      inode = ino;
      if (size <= position) return false;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - position), 0, size - position, position);
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      for (const line of buffer.subarray(0, end).toString('utf8').split('\n')) if (line !== '') onLine(line);
      position += end;
      return end > 0;
    } finally {
      await handle.close();
    }
  };
}
