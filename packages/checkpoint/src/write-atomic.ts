import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { fileError } from './file-error.js';

/** What was written. */
export interface WrittenFile {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Writes a file so that a reader, a kill or a power cut sees the old one or the new one, never a part: a temporary file
 * beside it is written and fsynced, renamed over the target, and the folder is fsynced. Missing folders are made.
 * @throws LlavaError `no-space`, `refused` or `bad-input`; the temporary file is gone then.
 */
export async function writeAtomic(file: string, bytes: string | Uint8Array): Promise<void> {
  await writeChunksAtomic(file, [typeof bytes === 'string' ? Buffer.from(bytes) : bytes]);
}

/** The bytes of a file, made one after the other. */
type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Like {@link writeAtomic}, from chunks that are made one at a time; tells size and digest. */
export async function writeChunksAtomic(file: string, chunks: Chunks): Promise<WrittenFile> {
  const folder = dirname(file);
  const temporary = join(folder, `.${basename(file)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(error, folder, 'make the folder');
  });
  try {
    const written = await writeChunksDurably(temporary, chunks);
    await rename(temporary, file);
    await syncFolder(folder);
    return written;
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, file, 'write it');
  }
}

/** Writes a new file and fsyncs it; for files inside a folder that is itself renamed into place. */
export async function writeChunksDurably(file: string, chunks: Chunks): Promise<WrittenFile> {
  const digest = createHash('sha256');
  let bytes = 0;
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of chunks) {
      digest.update(chunk);
      bytes += chunk.byteLength;
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: digest.digest('hex') };
}

/** Makes renames and removals inside a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
