import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from '../file-error.js';
import type { HubFile } from './hub-cache.js';
import { hubError, statusError } from './hub-error.js';
import type { HubRequest } from './hub-error.js';

/** One file on its way to the cache. */
export interface Download {
  readonly file: HubFile;
  readonly url: string;
  /** The blob's place; what has arrived so far stands beside it as `.incomplete`. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: HubRequest;
  readonly signal?: AbortSignal;
  /** Called with the bytes that are there, at the start and after every piece. */
  readonly onBytes: (bytes: number) => void;
  /** Waits before the next attempt. */
  readonly wait: (attempt: number) => Promise<void>;
}

/** How often a connection that is cut may be opened again without a byte in between. */
const ATTEMPTS = 5;

/** What has arrived of a file, and its digest so far. */
interface Partial {
  readonly handle: FileHandle;
  bytes: number;
  hash: Hash;
}

/**
 * Downloads a file into the cache, going on from what an earlier attempt left, and checks it before it gets its name.
 * @throws LlavaError `corrupt` when the checksum differs (what arrived is removed), `unavailable`, `refused`, `not-found`, `cancelled`, `no-space`
 */
export async function downloadFile(download: Download): Promise<void> {
  const { file, target, onBytes } = download;
  const place = `${target}.incomplete`;
  const partial = await openPartial(place, file);
  try {
    onBytes(partial.bytes);
    for (let attempt = 1; partial.bytes < file.bytes; attempt++) {
      const before = partial.bytes;
      const failure = await receive(download, partial).catch((error: unknown) => error);
      if (partial.bytes > before) attempt = 1;
      if (partial.bytes >= file.bytes) break;
      if (!isPassing(failure) || attempt >= ATTEMPTS || download.signal?.aborted === true)
        throw hubError(failure ?? new Error('the connection ends too early'), download.request);
      await download.wait(attempt);
    }
    await partial.handle.sync();
  } catch (error) {
    throw error instanceof LlavaError ? error : fileError(error, place, 'write it');
  } finally {
    await partial.handle.close();
  }
  await checkDigest(partial, file, place);
  await rename(place, target);
}

async function openPartial(place: string, file: HubFile): Promise<Partial> {
  try {
    await mkdir(dirname(place), { recursive: true });
    const { size } = await stat(place).catch(() => ({ size: 0 }));
    const handle = await open(place, size > file.bytes ? 'w' : 'a');
    const partial = { handle, bytes: size > file.bytes ? 0 : size, hash: startHash(file) };
    if (partial.bytes > 0) for await (const chunk of createReadStream(place)) partial.hash.update(chunk as Buffer);
    return partial;
  } catch (error) {
    throw fileError(error, place, 'write it');
  }
}

/** sha256 for what the hub keeps outside of git, git's own blob digest for the rest. */
function startHash({ digest, bytes }: HubFile): Hash {
  return digest.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}

/** One request: appends what comes. Returns the failure of a connection that was cut, undefined when it ended by itself. */
async function receive({ file, url, headers, request, signal, onBytes }: Download, partial: Partial): Promise<unknown> {
  const response = await fetch(url, {
    headers: {
      ...headers,
      'accept-encoding': 'identity',
      ...(partial.bytes > 0 && { range: `bytes=${partial.bytes}-` }),
    },
    ...(signal && { signal }),
  });
  if (response.status !== 200 && response.status !== 206) {
    await response.body?.cancel();
    if (response.status === 416) await restart(partial, file);
    throw response.status >= 500 || response.status === 416
      ? new Error(`status ${response.status}`)
      : statusError(response.status, request);
  }
  const continues =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${partial.bytes}-`);
  if (continues !== true && partial.bytes > 0) await restart(partial, file);
  try {
    for await (const chunk of response.body ?? []) {
      const piece = (chunk as Uint8Array).subarray(0, file.bytes - partial.bytes);
      await partial.handle.appendFile(piece);
      partial.hash.update(piece);
      partial.bytes += piece.byteLength;
      onBytes(partial.bytes);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && 'syscall' in error && error.syscall === 'write')
      throw fileError(error, url, 'write it');
    return error;
  }
}

async function restart(partial: Partial, file: HubFile): Promise<void> {
  await partial.handle.truncate(0);
  partial.bytes = 0;
  partial.hash = startHash(file);
}

/** Whether trying again may help: connections that were cut or refused, and servers in trouble. */
function isPassing(failure: unknown): boolean {
  return !(failure instanceof LlavaError) && !(failure instanceof Error && failure.name === 'AbortError');
}

async function checkDigest({ hash }: Partial, file: HubFile, place: string): Promise<void> {
  const actual = hash.digest('hex');
  if (actual === file.digest) return;
  await rm(place, { force: true });
  throw new LlavaError(
    'corrupt',
    `${file.path}: its checksum is ${actual}, the hub says ${file.digest}; it was removed, fetch it again`,
  );
}
