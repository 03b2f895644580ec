import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import { createS3Client, parseS3Location, s3Error } from './s3-store.js';
import type { StoreOptions } from './picture-store.js';

/** What fetching may use, and how it tells how far it is. */
export interface FetchOptions extends StoreOptions {
  readonly onProgress?: ProgressListener;
}

/** A file from elsewhere: what tells its version, how long it is, and its bytes. */
interface RemoteFile {
  readonly address: string;
  readonly version: string;
  readonly bytes: number;
  open(): Promise<Readable>;
}

/**
 * Brings files of samples from S3 or the web into the cache, unless the same version (ETag) is there already. An S3 location that ends in `/`
 * stands for all files under it with one of `endings`.
 * @returns local files, in the order of their names
 * @throws {LlavaError} `not-found`, `refused` or `unavailable`, naming the address; nothing half-written is left
 */
export async function fetchFiles(
  location: string,
  endings: readonly string[],
  options: FetchOptions,
): Promise<string[]> {
  const remote = location.startsWith('s3://') ? await listS3(location, endings) : [await headHttp(location)];
  const files: string[] = [];
  for (const file of remote) files.push(await fetchFile(file, options));
  return files;
}

async function fetchFile(
  { address, version, bytes, open }: RemoteFile,
  { cacheDir, onProgress }: FetchOptions,
): Promise<string> {
  const key = createHash('sha256').update(`${address} ${version}`).digest('hex').slice(0, 16);
  const file = path.join(cacheDir, 'downloads', key, path.posix.basename(new URL(address).pathname));
  if ((await stat(file).catch(() => null)) !== null) return file;
  const partial = `${file}.${process.pid}-${randomUUID()}`;
  await mkdir(path.dirname(file), { recursive: true });
  try {
    let done = 0;
    const body = await open();
    body.on('data', (chunk: Uint8Array) => {
      done += chunk.length;
      onProgress?.({ task: `fetch ${path.basename(file)}`, done, total: Math.max(bytes, done), unit: 'bytes' });
    });
    await pipeline(body, createWriteStream(partial));
    if (done !== bytes) throw new LlavaError('unavailable', `${address}: ${done} of ${bytes} bytes came; try again`);
    await rename(partial, file);
    return file;
  } finally {
    await rm(partial, { force: true });
  }
}

async function listS3(location: string, endings: readonly string[]): Promise<RemoteFile[]> {
  const place = parseS3Location(location);
  const { GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const client = await createS3Client(place);
  const found: RemoteFile[] = [];
  try {
    for (let token: string | undefined; ;) {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: place.bucket,
          Prefix: place.prefix,
          ...(token && { ContinuationToken: token }),
        }),
      );
      for (const { Key: key = '', ETag: version = '', Size: bytes = 0 } of page.Contents ?? []) {
        const wanted =
          place.prefix.endsWith('/') || place.prefix === ''
            ? endings.includes(path.posix.extname(key))
            : key === place.prefix;
        if (!wanted) continue;
        const open = async (): Promise<Readable> =>
          (await client.send(new GetObjectCommand({ Bucket: place.bucket, Key: key }))).Body as Readable;
        found.push({ address: `s3://${place.bucket}/${key}`, version, bytes, open });
      }
      token = page.NextContinuationToken;
      if (token === undefined) break;
    }
  } catch (cause) {
    throw s3Error(cause, location);
  }
  if (found.length === 0)
    throw new LlavaError(
      'not-found',
      `${location}: no such object, or none that ends in ${endings.join(', ')}; end a prefix with /`,
    );
  return found.sort((a, b) => (a.address < b.address ? -1 : 1));
}

async function headHttp(address: string): Promise<RemoteFile> {
  const response = await fetch(address, { method: 'HEAD' }).catch((cause: unknown) => {
    throw new LlavaError(
      'unavailable',
      `${address}: cannot be fetched (${(cause as Error).message}); check the network`,
      { cause },
    );
  });
  if (!response.ok)
    throw new LlavaError('not-found', `${address}: the server answers ${response.status}; check the address`);
  const version = response.headers.get('etag') ?? response.headers.get('last-modified') ?? '';
  const open = async (): Promise<Readable> => {
    const { body }: { readonly body: AsyncIterable<Uint8Array> | null } = await fetch(address);
    if (body === null) throw new LlavaError('unavailable', `${address}: came without content; try again`);
    return Readable.from(body);
  };
  return { address, version, bytes: Number(response.headers.get('content-length') ?? 0), open };
}
