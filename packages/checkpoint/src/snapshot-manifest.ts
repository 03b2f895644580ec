import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';
import { readJson } from './read-json.js';
import type { WrittenFile } from './write-atomic.js';

/** What a snapshot folder must contain, byte for byte. */
export interface SnapshotManifest {
  readonly format: 1;
  /** Grows by one with every snapshot of a root: the order in which they were taken. */
  readonly sequence: number;
  /** By file name. */
  readonly files: Readonly<Record<string, WrittenFile>>;
}

/** The manifest's file name. */
export const MANIFEST = 'manifest.json';
/** The state's file name. */
export const STATE = 'state.json';

/** Snapshots and groups name files and folders, so they may hold only letters, digits, dot, dash and underscore. */
export function isSnapshotName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && name !== 'latest';
}

/** @throws LlavaError `bad-input` for a name that is no {@link isSnapshotName}. */
export function checkSnapshotName(name: string, what: 'snapshot' | 'group'): void {
  if (isSnapshotName(name)) return;
  const expected = "expected letters, digits, '.', '-', '_', and not 'latest'";
  throw new LlavaError('bad-input', `${what} name ${JSON.stringify(name)}: ${expected}`);
}

/** Reads the manifest of a snapshot folder. @throws LlavaError `not-found` or `corrupt`. */
export async function readManifest(folder: string): Promise<SnapshotManifest> {
  const file = join(folder, MANIFEST);
  const value = await readJson(file).catch((error: unknown) => {
    if (error instanceof LlavaError && error.code === 'bad-input')
      throw new LlavaError('corrupt', error.message, { cause: error });
    throw error;
  });
  if (!isManifest(value)) throw new LlavaError('corrupt', `${file}: not a snapshot manifest of format 1`);
  return value;
}

/** Compares every file of a snapshot folder with its manifest. @throws LlavaError `corrupt`, naming the first that differs. */
export async function verifyFiles(folder: string, manifest: SnapshotManifest): Promise<void> {
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = join(folder, name);
    const actual = await digestFile(file).catch((error: unknown) => {
      const failure = fileError(error, file, 'read it');
      throw failure.code === 'not-found' ? new LlavaError('corrupt', `${file}: is missing from the snapshot`) : failure;
    });
    if (actual.bytes !== expected.bytes) {
      throw new LlavaError('corrupt', `${file}: has ${actual.bytes} bytes, ${expected.bytes} were written`);
    }
    if (actual.sha256 !== expected.sha256)
      throw new LlavaError('corrupt', `${file}: its sha256 is not the one in ${MANIFEST}`);
  }
}

async function digestFile(file: string): Promise<WrittenFile> {
  const digest = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      digest.update(chunk);
      bytes += chunk.byteLength;
    }
  });
  return { bytes, sha256: digest.digest('hex') };
}

function isManifest(value: unknown): value is SnapshotManifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, sequence, files } = value as Partial<Record<keyof SnapshotManifest, unknown>>;
  if (format !== 1 || !Number.isSafeInteger(sequence) || typeof files !== 'object' || files === null) return false;
  return (
    Object.hasOwn(files, STATE) &&
    Object.entries(files).every(([name, file]) => isSnapshotName(name) && isWrittenFile(file))
  );
}

function isWrittenFile(value: unknown): value is WrittenFile {
  if (typeof value !== 'object' || value === null) return false;
  const { bytes, sha256 } = value as Partial<Record<keyof WrittenFile, unknown>>;
  return Number.isSafeInteger(bytes) && typeof sha256 === 'string';
}
