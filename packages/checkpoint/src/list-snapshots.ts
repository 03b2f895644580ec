import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { LlavaError, errorLine } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';
import { readManifest } from './snapshot-manifest.js';

/** The pointer's file name: it holds the name of the newest complete snapshot. */
export const LATEST = 'latest';

/** A snapshot folder as it stands in a list; its files are not read. */
export interface SnapshotListing {
  readonly name: string;
  /** The order in which snapshots were taken; -1 when the manifest cannot be read. */
  readonly sequence: number;
  readonly bytes: number;
  /** Why the manifest cannot be read. */
  readonly problem?: string;
}

/**
 * Lists the snapshots under a root, newest first. Unreadable ones come last, with what is wrong; half-written ones
 * (hidden folders) are not shown. A root that does not exist has none.
 */
export async function listSnapshots(root: string): Promise<SnapshotListing[]> {
  const children = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    const failure = fileError(error, root, 'list its snapshots');
    if (failure.code === 'not-found') return [];
    throw failure;
  });
  const folders = children.filter((child) => child.isDirectory() && !child.name.startsWith('.'));
  const listings = await Promise.all(folders.map((folder) => describe(root, folder.name)));
  return listings.sort((a, b) => b.sequence - a.sequence || (a.name < b.name ? 1 : -1));
}

/** The name that the `latest` pointer holds; null when there is no pointer. */
export async function latestSnapshotName(root: string): Promise<string | null> {
  try {
    return (await readFile(join(root, LATEST), 'utf8')).trim();
  } catch (error) {
    const failure = fileError(error, join(root, LATEST), 'read it');
    if (failure.code === 'not-found') return null;
    throw failure;
  }
}

async function describe(root: string, name: string): Promise<SnapshotListing> {
  try {
    const { sequence, files } = await readManifest(join(root, name));
    return { name, sequence, bytes: Object.values(files).reduce((sum, file) => sum + file.bytes, 0) };
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    return { name, sequence: -1, bytes: 0, problem: errorLine(error) };
  }
}
