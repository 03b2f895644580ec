import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';
import { LATEST, listSnapshots } from './list-snapshots.js';
import { MANIFEST, STATE, checkSnapshotName } from './snapshot-manifest.js';
import type { SnapshotManifest } from './snapshot-manifest.js';
import type { WritableTensor } from './tensor.js';
import { syncFolder, writeAtomic, writeChunksDurably } from './write-atomic.js';
import type { WrittenFile } from './write-atomic.js';
import { encodeSafetensors } from './write-safetensors.js';

/** What a snapshot holds. */
export interface SnapshotContent {
  /** Tensors by group (`parameters`, `moments` ...); each group becomes one safetensors file. */
  readonly tensors: Readonly<Record<string, ReadonlyMap<string, WritableTensor>>>;
  /** Everything else, as JSON: step, data position, random state, configuration, digests. */
  readonly state: unknown;
}

/**
 * Writes a snapshot, whole or not at all: a hidden folder is filled, every file fsynced, the manifest with sizes and
 * sha256 written last, the folder renamed to its name, and only then the `latest` pointer moved and old snapshots
 * removed. A root has one writer at a time. A snapshot of the same name is replaced.
 * @param options `keep`: how many snapshots stay, this one included; at least 1. By default all.
 * @returns the snapshot's folder.
 * @throws LlavaError `bad-input` for a name that is no file name, `no-space`, `refused`; nothing half-written is left.
 */
export async function writeSnapshot(
  root: string,
  name: string,
  content: SnapshotContent,
  options: { readonly keep?: number } = {},
): Promise<string> {
  checkSnapshotName(name, 'snapshot');
  for (const group of Object.keys(content.tensors)) checkSnapshotName(group, 'group');
  const { keep = Infinity } = options;
  if (keep < 1) throw new LlavaError('bad-input', `snapshots to keep: expected at least 1, got ${keep}`);
  try {
    await removeLeftovers(root);
    const temporary = await fill(root, name, content);
    await moveInto(root, name, temporary);
    await writeAtomic(join(root, LATEST), `${name}\n`);
    await removeOldest(root, name, keep);
  } catch (error) {
    throw fileError(error, join(root, name), 'write the snapshot');
  }
  return join(root, name);
}

async function fill(root: string, name: string, content: SnapshotContent): Promise<string> {
  const temporary = join(root, `.${name}.${process.pid}.tmp`);
  const sequence = Math.max(0, ...(await listSnapshots(root)).map((snapshot) => snapshot.sequence)) + 1;
  await mkdir(temporary, { recursive: true });
  try {
    const files: Record<string, WrittenFile> = {};
    for (const [group, tensors] of Object.entries(content.tensors)) {
      const file = `${group}.safetensors`;
      files[file] = await writeChunksDurably(
        join(temporary, file),
        encodeSafetensors(tensors, {}, join(root, name, file)),
      );
    }
    files[STATE] = await writeChunksDurably(join(temporary, STATE), [
      Buffer.from(`${JSON.stringify(content.state, null, 1)}\n`),
    ]);
    const manifest: SnapshotManifest = { format: 1, sequence, files };
    await writeChunksDurably(join(temporary, MANIFEST), [Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)]);
    await syncFolder(temporary);
    return temporary;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function moveInto(root: string, name: string, temporary: string): Promise<void> {
  const target = join(root, name);
  const replaced = join(root, `.${name}.${process.pid}.old`);
  const exists = await stat(target).then(
    () => true,
    () => false,
  );
  if (exists) await rename(target, replaced); // a folder cannot be renamed over one that is not empty
  await rename(temporary, target);
  await syncFolder(root);
  await rm(replaced, { recursive: true, force: true });
}

/** Removes what a killed writer left behind; snapshots themselves have no leading dot. */
async function removeLeftovers(root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const leftovers = (await readdir(root)).filter((entry) => /^\..+\.(tmp|old)$/.test(entry));
  for (const entry of leftovers) await rm(join(root, entry), { recursive: true, force: true });
}

async function removeOldest(root: string, newest: string, keep: number): Promise<void> {
  const others = (await listSnapshots(root)).filter((snapshot) => snapshot.name !== newest);
  for (const { name } of others.slice(keep - 1)) {
    const doomed = join(root, `.${name}.${process.pid}.old`);
    await rename(join(root, name), doomed); // out of the list at once, so that a kill leaves no half-removed snapshot
    await rm(doomed, { recursive: true, force: true });
  }
}
