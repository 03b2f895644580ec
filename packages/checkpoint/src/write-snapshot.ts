import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

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

/** How a snapshot is written. */
export interface SnapshotOptions {
  /** How many snapshots stay, this one included; at least 1. By default all. */
  readonly keep?: number;
  /** Names that stay however old they are. */
  readonly keepAlso?: readonly string[];
  /** Writes more files into the folder, e.g. other processes' groups; told the folder's name below the root, it answers with what it has written. */
  readonly addFiles?: (folder: string) => Promise<Readonly<Record<string, WrittenFile>>>;
}

/**
 * Writes a snapshot, whole or not at all: a hidden folder is filled, every file fsynced, the manifest with sizes and
 * sha256 written last, the folder renamed to its name, and only then the `latest` pointer moved and old snapshots
 * removed. A root has one writer at a time. A snapshot of the same name is replaced.
 * @returns the snapshot's folder.
 * @throws LlavaError `bad-input` for a name that is no file name, `no-space`, `refused`; nothing half-written is left.
 */
export async function writeSnapshot(
  root: string,
  name: string,
  content: SnapshotContent,
  options: SnapshotOptions = {},
): Promise<string> {
  checkSnapshotName(name, 'snapshot');
  for (const group of Object.keys(content.tensors)) checkSnapshotName(group, 'group');
  const { keep = Infinity, keepAlso = [] } = options;
  if (keep < 1) throw new LlavaError('bad-input', `snapshots to keep: expected at least 1, got ${keep}`);
  try {
    await removeLeftovers(root);
    const temporary = await fill(root, name, { content, options });
    await moveInto(root, name, temporary);
    await writeAtomic(join(root, LATEST), `${name}\n`);
    await removeOldest(root, keep, new Set([name, ...keepAlso]));
  } catch (error) {
    throw fileError(error, join(root, name), 'write the snapshot');
  }
  return join(root, name);
}

/**
 * Writes groups of tensors durably into a folder that {@link writeSnapshot} is filling.
 * @param shownFolder names the folder in messages
 * @returns what the manifest has to say about them
 */
export async function writeSnapshotGroups(
  folder: string,
  tensors: SnapshotContent['tensors'],
  shownFolder: string = folder,
): Promise<Record<string, WrittenFile>> {
  const files: Record<string, WrittenFile> = {};
  for (const [group, members] of Object.entries(tensors)) {
    const file = `${group}.safetensors`;
    const shown = join(shownFolder, file);
    const chunks = encodeSafetensors(members, {}, shown);
    files[file] = await writeChunksDurably(join(folder, file), chunks).catch((error: unknown) => {
      throw fileError(error, shown, 'write it');
    });
  }
  return files;
}

async function fill(
  root: string,
  name: string,
  { content, options }: { content: SnapshotContent; options: SnapshotOptions },
): Promise<string> {
  const temporary = join(root, `.${name}.${process.pid}.tmp`);
  const sequence = Math.max(0, ...(await listSnapshots(root)).map((snapshot) => snapshot.sequence)) + 1;
  await mkdir(temporary, { recursive: true });
  try {
    const [own, others] = await allDone([
      writeSnapshotGroups(temporary, content.tensors, join(root, name)),
      options.addFiles?.(basename(temporary)) ?? {},
    ]);
    const files: Record<string, WrittenFile> = { ...own, ...others };
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

async function removeOldest(root: string, keep: number, protectedNames: ReadonlySet<string>): Promise<void> {
  const oldest = (await listSnapshots(root)).slice(keep).filter(({ name }) => !protectedNames.has(name));
  for (const { name } of oldest) {
    const doomed = join(root, `.${name}.${process.pid}.old`);
    await rename(join(root, name), doomed); // out of the list at once, so that a kill leaves no half-removed snapshot
    await rm(doomed, { recursive: true, force: true });
  }
}

/** Like `Promise.all`, but fails only when nobody writes into the folder any more. */
async function allDone<A, B>(tasks: readonly [A | Promise<A>, B | Promise<B>]): Promise<[Awaited<A>, Awaited<B>]> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}
