import { join } from 'node:path';

import { LlavaError, errorLine, silentLogger } from '@llava-ts/telemetry';
import type { Logger } from '@llava-ts/telemetry';

import { LATEST, latestSnapshotName, listSnapshots } from './list-snapshots.js';
import { readJson } from './read-json.js';
import { readSafetensors } from './read-safetensors.js';
import { STATE, checkSnapshotName, isSnapshotName, readManifest, verifyFiles } from './snapshot-manifest.js';
import type { StoredTensor } from './tensor.js';

/** A snapshot as it was read; every byte was checked against its manifest. */
export interface Snapshot {
  readonly name: string;
  readonly tensors: Readonly<Record<string, Map<string, StoredTensor>>>;
  readonly state: unknown;
  /** Newer snapshots that could not be used, newest first, each with the reason. */
  readonly skipped: readonly { readonly name: string; readonly problem: string }[];
}

/**
 * Reads a snapshot by name, or the newest one that is whole. A damaged newest one is passed over with a warning.
 * @throws LlavaError `not-found` when there is none of that name, or none at all; `corrupt` when the one asked for, or
 * every one there is, is damaged.
 */
export async function readSnapshot(
  root: string,
  name: string,
  options: { readonly logger?: Logger } = {},
): Promise<Snapshot> {
  if (name !== LATEST) checkSnapshotName(name, 'snapshot');
  if (name !== LATEST) return { ...(await readNamed(root, name)), skipped: [] };
  const { logger = silentLogger } = options;
  const skipped: { name: string; problem: string }[] = [];
  for (const candidate of await candidates(root)) {
    try {
      return { ...(await readNamed(root, candidate)), skipped };
    } catch (error) {
      if (!(error instanceof LlavaError) || (error.code !== 'corrupt' && error.code !== 'not-found')) throw error;
      skipped.push({ name: candidate, problem: errorLine(error) });
      logger.warn(`snapshot ${candidate} is damaged, trying the one before: ${errorLine(error)}`);
    }
  }
  const [first] = skipped;
  if (first === undefined)
    throw new LlavaError('not-found', `${root}: has no snapshot; start the run without --resume`);
  const others = skipped.length > 1 ? ` (and ${skipped.length - 1} older, damaged too)` : '';
  throw new LlavaError('corrupt', `${root}: no snapshot is whole: ${first.problem}${others}`);
}

/** What `latest` points at, then the others from newest to oldest. Snapshots newer than the pointer never became official, and come last. */
async function candidates(root: string): Promise<string[]> {
  const pointed = await latestSnapshotName(root);
  const listed = (await listSnapshots(root)).map((snapshot) => snapshot.name);
  if (pointed === null || !isSnapshotName(pointed)) return listed;
  const at = listed.indexOf(pointed);
  return at < 0 ? [pointed, ...listed] : [...listed.slice(at), ...listed.slice(0, at)];
}

async function readNamed(root: string, name: string): Promise<Omit<Snapshot, 'skipped'>> {
  const folder = join(root, name);
  const manifest = await readManifest(folder);
  await verifyFiles(folder, manifest);
  const tensors: Record<string, Map<string, StoredTensor>> = {};
  for (const file of Object.keys(manifest.files)) {
    if (file.endsWith('.safetensors'))
      tensors[file.slice(0, -'.safetensors'.length)] = await readSafetensors(join(folder, file));
  }
  return { name, tensors, state: await readJson(join(folder, STATE)) };
}
