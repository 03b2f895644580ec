import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';

import { chooseFiles } from './choose-files.js';
import type { FilePatterns } from './choose-files.js';
import { downloadFile } from './download-file.js';
import { hubCache } from './hub-cache.js';
import type { HubCache, HubFile } from './hub-cache.js';
import { hubError } from './hub-error.js';
import type { HubRequest } from './hub-error.js';

/** What to fetch, from where, to where. */
export interface FetchRepoOptions extends FilePatterns {
  /** `owner/name` of a model. */
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision?: string;
  /** The hub's address. */
  readonly endpoint: string;
  /** The cache folder, shared with Python's `huggingface_hub`. */
  readonly cacheDir: string;
  readonly token?: string;
  /** Asks no hub: uses what is in the cache. */
  readonly offline?: boolean;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
  /** Milliseconds before the second attempt; doubled each time. */
  readonly retryMs?: number;
}

/** A repository in the cache. */
export interface FetchedRepo {
  /** The snapshot's folder. */
  readonly folder: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
  /** Bytes that were not in the cache before. */
  readonly downloadedBytes: number;
  /** Paths that were not asked for. */
  readonly leftOut: readonly string[];
}

/** Files that are downloaded at the same time. */
const PARALLEL = 4;

/**
 * Fetches a model repository into the cache, or finds it there. What an earlier call left unfinished goes on; every file is
 * checked against the hub's checksum before it gets its name, and the snapshot links to whole files only.
 * @throws LlavaError `not-found`, `refused`, `unavailable`, `corrupt`, `no-space`, `cancelled`, each with what to do
 */
export async function fetchRepo(options: FetchRepoOptions): Promise<FetchedRepo> {
  const { repo, revision = 'main', cacheDir } = options;
  checkName(repo, 'repository', /^[\w.-]+(\/[\w.-]+)?$/);
  checkName(revision, 'revision', /^[\w./-]+$/);
  const cache = hubCache(cacheDir, repo);
  return options.offline === true
    ? await findOffline(cache, options)
    : await fetchOnline(cache, { ...options, revision });
}

/** Names become parts of paths and addresses. */
function checkName(name: string, what: string, pattern: RegExp): void {
  const steps = name.split('/');
  if (pattern.test(name) && !steps.some((step) => step === '' || /^\.+$/.test(step))) return;
  throw new LlavaError(
    'bad-input',
    `${JSON.stringify(name)} is not the name of a ${what}; expected e.g. ${what === 'revision' ? 'main' : 'openai/clip-vit-large-patch14-336'}`,
  );
}

async function findOffline(cache: HubCache, options: FetchRepoOptions): Promise<FetchedRepo> {
  const { repo, revision = 'main' } = options;
  const commit = await cache.commitOf(revision);
  const there = commit === undefined ? [] : await cache.files(commit);
  if (commit === undefined || there.length === 0)
    throw new LlavaError(
      'not-found',
      `${repo}: revision '${revision}' is not in ${cache.folder}; fetch it once without --offline`,
    );
  const listing = await cache.listing(commit);
  const paths = chooseFiles(listing?.map(({ path }) => path) ?? there, options);
  const missing = paths.filter((path) => !there.includes(path));
  if (missing.length > 0)
    throw new LlavaError(
      'not-found',
      `${repo}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not in the cache; fetch once without --offline`,
    );
  const files =
    listing?.filter(({ path }) => paths.includes(path)) ?? paths.map((path) => ({ path, bytes: 0, digest: '' }));
  return { folder: cache.snapshot(commit), commit, files, downloadedBytes: 0, leftOut: [] };
}

async function fetchOnline(
  cache: HubCache,
  options: FetchRepoOptions & { readonly revision: string },
): Promise<FetchedRepo> {
  const { repo, revision, endpoint, token } = options;
  const request = { endpoint, repo, revision, hasToken: token !== undefined };
  const { commit, files: all } = await listRepo(options, request).catch((error: unknown) => {
    throw hubError(error, request);
  });
  const wanted = new Set(chooseFiles(all.map(({ path }) => path), options)); // prettier-ignore
  const files = all.filter(({ path }) => wanted.has(path));
  if (files.length === 0)
    throw new LlavaError(
      'not-found',
      `${repo}: none of its ${all.length} files is asked for; check --include and --exclude`,
    );
  const downloadedBytes = await downloadAll(cache, { options, request, commit, files });
  await cache.record(commit, revision, all);
  const leftOut = all.map(({ path }) => path).filter((path) => !wanted.has(path));
  return { folder: cache.snapshot(commit), commit, files, downloadedBytes, leftOut };
}

async function listRepo(
  { repo, revision, endpoint, token, signal }: FetchRepoOptions & { readonly revision: string },
  request: HubRequest,
): Promise<{ commit: string; files: HubFile[] }> {
  const { listFiles, modelInfo } = await import('@huggingface/hub'); // not for everybody who reads weights
  const abortable: typeof fetch = (input, init) => fetch(input, { ...init, ...(signal && { signal }) });
  const credentials = { hubUrl: endpoint, fetch: abortable, ...(token !== undefined && { accessToken: token }) };
  const { sha: commit } = await modelInfo({ name: repo, revision, additionalFields: ['sha'], ...credentials });
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw new LlavaError('unavailable', `${request.endpoint}: names no commit for ${repo}; is it a hub?`);
  const files: HubFile[] = [];
  for await (const entry of listFiles({ repo, revision: commit, recursive: true, ...credentials })) {
    if (entry.type === 'file')
      files.push(
        checkedFile(request, { path: entry.path, bytes: entry.size, digest: entry.lfs?.oid ?? entry.oid ?? '' }),
      );
  }
  return { commit, files };
}

/** A hub's paths and digests become names of files here. */
function checkedFile({ endpoint }: HubRequest, file: HubFile): HubFile {
  const steps = file.path.split('/');
  const isPath = !steps.some((step) => step === '' || step === '.' || step === '..') && !/[\\\0]/.test(file.path);
  if (isPath && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(file.digest) && Number.isSafeInteger(file.bytes)) return file;
  throw new LlavaError('refused', `${endpoint} lists ${JSON.stringify(file.path)}, which cannot be a file of a model`);
}

interface Batch {
  readonly options: FetchRepoOptions;
  readonly request: HubRequest;
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** @returns how many bytes were not there before */
async function downloadAll(cache: HubCache, { options, request, commit, files }: Batch): Promise<number> {
  const { repo, endpoint, token, onProgress, signal, retryMs = 1000 } = options;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const sizes = new Map(
    await Promise.all(files.map(async ({ digest }) => [digest, await sizeOf(cache.blob(digest))] as const)),
  );
  const there = new Map(files.map(({ path, digest, bytes }) => [path, sizes.get(digest) === bytes ? bytes : 0]));
  const before = [...there.values()].reduce((sum, bytes) => sum + bytes, 0);
  await checkSpace(options.cacheDir, total - before);
  const report = (path: string): void => {
    const done = [...there.values()].reduce((sum, bytes) => sum + bytes, 0);
    onProgress?.({ task: `fetch ${repo}`, done, total, unit: 'bytes', note: path });
  };
  const get = async (file: HubFile): Promise<void> => {
    const target = cache.blob(file.digest);
    if (there.get(file.path) !== file.bytes || (await sizeOf(target)) !== file.bytes) {
      await downloadFile({
        file,
        target,
        request,
        url: `${endpoint}/${repo}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(signal && { signal }),
        onBytes: (bytes) => {
          there.set(file.path, bytes);
          report(file.path);
        },
        wait: (attempt) => sleep(retryMs * 2 ** (attempt - 1), undefined, signal ? { signal } : {}),
      });
    }
    await cache.link(commit, file);
  };
  await inParallel(files, get);
  report(files.at(-1)?.path ?? '');
  return total - before;
}

/** Works through a list with a few at a time; files with the same content come one after the other. */
async function inParallel(files: readonly HubFile[], work: (file: HubFile) => Promise<void>): Promise<void> {
  const byDigest = new Map<string, HubFile[]>();
  for (const file of files) byDigest.set(file.digest, [...(byDigest.get(file.digest) ?? []), file]);
  const queue = byDigest.values();
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (const same of queue) {
      for (const file of same) if (!stopped) await work(file);
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: PARALLEL }, () =>
      worker().catch((error: unknown) => {
        stopped = true;
        throw error;
      }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function checkSpace(cacheDir: string, bytes: number): Promise<void> {
  const folder = await firstThatExists(cacheDir);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes)
    throw new LlavaError(
      'no-space',
      `${cacheDir}: ${bytes} bytes are to come, ${bavail * bsize} are free; free some, or name another folder with --cache`,
    );
}

async function firstThatExists(folder: string): Promise<string> {
  return (await sizeOf(folder)) === undefined ? firstThatExists(join(folder, '..')) : folder;
}
