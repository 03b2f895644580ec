import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ProgressUpdate } from '@llava-ts/telemetry';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { installLibraries } from './install-libraries.js';
import type { PinnedWheel } from './pinned-wheels.js';

const NAME = 'llava_tiny_runtime-1.0-py3-none-any.whl';
const MEMBERS = {
  'tensorflow/libtensorflow_cc.so.2': 'the big library',
  'tensorflow/libtensorflow_framework.so.2': 'the framework',
  'tensorflow/include/tensorflow/c/c_api.h': '// header',
  'tensorflow/python/unwanted.py': 'no',
  'llava_tiny_runtime-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: llava-tiny-runtime\nVersion: 1.0\n',
  'llava_tiny_runtime-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  'llava_tiny_runtime-1.0.dist-info/RECORD': '',
};

/** A package index of one wheel on loopback; what it serves can be held back. */
let index: Server;
let stalled = false;
let bytes: Buffer;
let wheel: PinnedWheel;
let folder: string;

beforeAll(async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'wheel-')), NAME);
  const script =
    'import json,sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],"w") as z:\n [z.writestr(k,v) for k,v in json.loads(sys.argv[2]).items()]';
  execFileSync('python3', ['-c', script, file, JSON.stringify(MEMBERS)]);
  bytes = readFileSync(file);
  wheel = {
    project: 'llava-tiny-runtime',
    version: '1.0',
    abi: 'cp311',
    platform: 'manylinux_2_27_x86_64',
    bytes: bytes.byteLength,
    unpackedBytes: 1000,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    members: { 'tensorflow/libtensorflow_': 'lib/libtensorflow_', 'tensorflow/include/': 'include/' },
  };
  index = createServer((request, response) => {
    if (request.url?.endsWith('.whl')) {
      response.writeHead(200, { 'content-length': bytes.byteLength });
      if (!stalled) response.end(bytes);
      else response.write(bytes.subarray(0, 100));
    } else response.setHeader('content-type', 'text/html').end(`<a href="/${NAME}">${NAME}</a>`);
  });
  await new Promise<void>((resolve) => index.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  index.closeAllConnections();
  index.close();
});

beforeEach(() => {
  stalled = false;
  folder = join(mkdtempSync(join(tmpdir(), 'cache-')), 'tensorflow', 'tiny-cpu');
});

function install(
  options: {
    wheel?: Partial<PinnedWheel>;
    env?: Record<string, string>;
    signal?: AbortSignal;
    updates?: ProgressUpdate[];
  } = {},
) {
  const url = `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`;
  const env = {
    PATH: process.env['PATH'],
    HOME: tmpdir(),
    NO_PROXY: '*',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: url,
    ...options.env,
  };
  const progress = (update: ProgressUpdate): void => void options.updates?.push(update);
  return installLibraries(folder, [{ ...wheel, ...options.wheel }], {
    env,
    signal: options.signal,
    progress,
    device: 'cpu',
  });
}

/** A folder to put on the PATH with one program in it. */
function programs(name?: string, script = ''): string {
  const bin = mkdtempSync(join(tmpdir(), 'bin-'));
  if (name !== undefined) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** What lies beside the runtime folder, hidden work folders included. */
function beside(): string[] {
  return existsSync(join(folder, '..')) ? readdirSync(join(folder, '..')) : [];
}

describe('installing from an index', () => {
  test('the wanted members, the links and the manifest are in place, and nothing else', async () => {
    const updates: ProgressUpdate[] = [];
    expect(await install({ updates })).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['include', 'lib', 'runtime.json']);
    expect(readFileSync(join(folder, 'lib', 'libtensorflow.so'), 'utf8')).toBe('the big library');
    expect(statSync(join(folder, 'include', 'tensorflow', 'c', 'c_api.h')).isFile()).toBe(true);
    expect(beside()).toEqual(['tiny-cpu']);
    expect(new Set(updates.map((update) => update.task.split(' ')[0]))).toEqual(new Set(['fetch', 'unpack']));
  });

  test('a second call does nothing, so it works without python and network', async () => {
    await install();
    expect(await install({ env: { PATH: programs() } })).toBe(false);
  });

  test('a damaged library is installed again', async () => {
    await install();
    writeFileSync(join(folder, 'lib', 'libtensorflow_cc.so.2'), 'cut');
    expect(await install()).toBe(true);
    expect(readFileSync(join(folder, 'lib', 'libtensorflow_cc.so.2'), 'utf8')).toBe('the big library');
  });

  test('two installations at once both succeed', async () => {
    await Promise.all([install(), install()]);
    expect(beside()).toEqual(['tiny-cpu']);
  });

  test('what a killed installation left is removed', async () => {
    const dead = spawnSync('true').pid;
    const leftover = join(folder, '..', `.install-${hostname()}-${dead}-abc`);
    mkdirSync(leftover, { recursive: true });
    await install();
    expect(existsSync(leftover)).toBe(false);
  });
});

describe('what can go wrong', () => {
  async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
    const error: unknown = await promise.then(
      () => expect.fail('expected a failure'),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'LlavaError' });
    expect((error as Error).message).not.toContain('\n');
    expect(beside()).toEqual([]);
    return error as { code: string; message: string };
  }

  test('a wheel with another digest is not unpacked', async () => {
    const error = await failure(install({ wheel: { sha256: '0'.repeat(64) } }));
    expect(error).toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/sha256 \w+, expected 0000.*try again/) as string,
    });
  });

  test('an index that cannot be reached: check the network, or name a mirror', async () => {
    const error = await failure(install({ env: { PIP_INDEX_URL: 'http://127.0.0.1:9/simple' } }));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/cannot be reached.*PIP_INDEX_URL/) as string,
    });
  });

  test('an index without the version', async () => {
    const error = await failure(install({ wheel: { version: '2.0' } }));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/pip finds no llava-tiny-runtime 2.0/) as string,
    });
  });

  test('no python', async () => {
    const error = await failure(install({ env: { PATH: programs() } }));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/python3 is not on the PATH.*apt install/) as string,
    });
  });

  test('a python without pip', async () => {
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
    const error = await failure(install({ env: { PATH: programs('python3', `exec ${python} -I -S "$@"`) } }));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/has no pip.*python3-pip/) as string,
    });
  });

  test('a disk that is too small is found out before anything is fetched', async () => {
    const error = await failure(install({ wheel: { unpackedBytes: 1e16 }, env: { PATH: programs() } }));
    expect(error).toMatchObject({
      code: 'no-space',
      message: expect.stringMatching(/GB are needed.*LLAVA_CACHE/) as string,
    });
  });

  test('a disk that fills up while pip writes', async () => {
    const full = programs(
      'python3',
      'echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device" >&2; exit 1',
    );
    expect(await failure(install({ env: { PATH: full } }))).toMatchObject({ code: 'no-space' });
  });

  test('a cancelled download stops pip and leaves nothing', async () => {
    stalled = true;
    const controller = new AbortController();
    const promise = install({ signal: controller.signal });
    index.once('request', () => index.once('request', () => controller.abort()));
    expect(await failure(promise)).toMatchObject({ code: 'cancelled' });
  });
});
