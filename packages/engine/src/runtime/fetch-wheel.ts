import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';

import type { Environment } from './cache-folder.js';
import type { PinnedWheel } from './pinned-wheels.js';
import { runPython } from './python.js';
import { lastLine } from './run-command.js';

/** What the steps of an installation share. */
export interface InstallContext {
  readonly env: Environment;
  readonly progress: ProgressListener;
  readonly signal?: AbortSignal | undefined;
}

const POLL_MS = 250;

/**
 * Fetches a wheel with pip, from wherever pip is configured to look, and checks its digest.
 * @param folder an empty folder for the wheel and for pip's temporary files.
 * @returns the wheel's path.
 * @throws LlavaError `unavailable` (no python, no pip, no network, no such wheel), `corrupt` (wrong digest), `no-space`.
 */
export async function fetchWheel(wheel: PinnedWheel, folder: string, context: InstallContext): Promise<string> {
  const temporary = join(folder, 'pip');
  await mkdir(temporary, { recursive: true });
  const stopWatching = watchDownload(wheel, folder, context.progress);
  const result = await runPython(pipArguments(wheel, folder), {
    env: { ...context.env, TMPDIR: temporary },
    signal: context.signal,
  }).finally(stopWatching);
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (result.status !== 0 || file === undefined) throw pipFailure(wheel, result.output, folder);
  await checkDigest(wheel, join(folder, file));
  return join(folder, file);
}

function pipArguments(wheel: PinnedWheel, folder: string): string[] {
  const target = [
    '--python-version',
    '3.11',
    '--implementation',
    'cp',
    '--abi',
    wheel.abi,
    '--platform',
    wheel.platform,
  ];
  const quiet = ['--disable-pip-version-check', '--no-input', '--no-color', '--progress-bar', 'off', '--retries', '2'];
  const what = ['--no-deps', '--no-cache-dir', '--only-binary=:all:', ...target, '--dest', folder];
  return ['-m', 'pip', 'download', ...quiet, ...what, `${wheel.project}==${wheel.version}`];
}

/** pip shows no progress to a pipe, so the growing file in its temporary folder is watched instead. */
function watchDownload(wheel: PinnedWheel, folder: string, progress: ProgressListener): () => void {
  let watching = true;
  const report = (done: number): void => {
    const task = `fetch ${wheel.project} ${wheel.version}`;
    if (watching) progress({ task, done: Math.min(done, wheel.bytes), total: wheel.bytes, unit: 'bytes' });
  };
  report(0);
  const timer = setInterval(() => void fetchedBytes(folder).then(report), POLL_MS);
  return () => {
    watching = false;
    clearInterval(timer);
  };
}

async function fetchedBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const wheels = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.whl'));
  const sizes = await Promise.all(
    wheels.map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        (found) => found.size,
        () => 0,
      ),
    ), // gone meanwhile
  );
  return Math.max(0, ...sizes);
}

function pipFailure(wheel: PinnedWheel, output: string, folder: string): LlavaError {
  const what = `${wheel.project} ${wheel.version}`;
  if (/No module named '?pip/.test(output)) {
    return new LlavaError(
      'unavailable',
      "python3 has no pip, and pip fetches TensorFlow; install it (Debian, Ubuntu: 'apt install python3-pip', else 'python3 -m ensurepip')",
    );
  }
  if (/No space left on device|Errno 28/.test(output)) return noSpace(folder, wheel.bytes);
  if (
    /connection broken|NewConnectionError|Temporary failure in name|Max retries|ConnectTimeout|ReadTimeout|ProxyError|SSLError|HTTP error/i.test(
      output,
    )
  ) {
    const remedy =
      'check the network and the proxy, or point PIP_INDEX_URL (or PIP_FIND_LINKS) at a mirror that has it';
    return new LlavaError('unavailable', `pip cannot fetch ${what}: the package index cannot be reached; ${remedy}`);
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    return new LlavaError(
      'unavailable',
      `pip finds no ${what} for ${wheel.platform}; point PIP_INDEX_URL (or PIP_FIND_LINKS) at an index that has it`,
    );
  }
  return new LlavaError('unavailable', `pip cannot fetch ${what}: ${lastLine(output, /^ERROR/) || lastLine(output)}`);
}

async function checkDigest(wheel: PinnedWheel, file: string): Promise<void> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), digest);
  const actual = digest.digest('hex');
  if (actual === wheel.sha256) return;
  const remedy =
    'the index serves another file, or it was changed on the way; try again, or another index (PIP_INDEX_URL)';
  throw new LlavaError('corrupt', `${basename(file)}: sha256 ${actual}, expected ${wheel.sha256}; ${remedy}`);
}

/** The error for a disk that is too small. */
export function noSpace(folder: string, neededBytes: number, freeBytes?: number): LlavaError {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const free = freeBytes === undefined ? 'the disk is full' : `${gigabytes(freeBytes)} are free`;
  return new LlavaError(
    'no-space',
    `${folder}: ${gigabytes(neededBytes)} are needed, ${free}; free some, or set LLAVA_CACHE to a folder on another disk`,
  );
}
