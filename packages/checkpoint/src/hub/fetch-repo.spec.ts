import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { scanCacheDir } from '@huggingface/hub';
import type { ProgressUpdate } from '@llava-ts/telemetry';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { COMMIT, startLoopbackHub } from '../../testing/loopback-hub.js';
import type { LoopbackHub } from '../../testing/loopback-hub.js';
import { chooseFiles } from './choose-files.js';
import { fetchRepo } from './fetch-repo.js';
import { findCachedRepo } from './hub-cache.js';

const weights = randomBytes(3_000_000);
const files = {
  'config.json': Buffer.from('{"model_type":"llava"}'),
  'model.safetensors': weights,
  'pytorch_model.bin': Buffer.from('old'),
  'tf_model.h5': Buffer.from('other'),
  'nested/notes.md': Buffer.from('notes'),
};
const TOKEN = 'hf_secret_of_the_test';

let hub: LoopbackHub;
let cacheDir: string;
beforeEach(async () => {
  hub = await startLoopbackHub({
    'acme/eye': { files, lfs: ['model.safetensors'] },
    'acme/private': { files: { 'config.json': files['config.json'] }, token: TOKEN },
    'acme/evil': { files: { '../../evil.json': Buffer.from('{}') } },
  });
  cacheDir = mkdtempSync(join(tmpdir(), 'hub-cache-'));
});
afterEach(() => hub.close());

const options = (repo = 'acme/eye') => ({ repo, endpoint: hub.endpoint, cacheDir, retryMs: 1 });
const weightRanges = () => hub.downloads.filter(({ path }) => path === 'model.safetensors').map(({ range }) => range);

describe('fetchRepo', () => {
  test('fills a cache that huggingface_hub understands, without formats that nobody reads', async () => {
    const { folder, commit, leftOut } = await fetchRepo(options());
    expect({ commit, leftOut }).toEqual({ commit: COMMIT, leftOut: ['pytorch_model.bin', 'tf_model.h5'] });
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
    expect(readFileSync(join(folder, 'nested/notes.md'), 'utf8')).toBe('notes');
    const { repos, warnings } = await scanCacheDir(cacheDir);
    expect(warnings).toEqual([]);
    expect(repos).toMatchObject([
      { id: { type: 'model', name: 'acme/eye' }, revisions: [{ commitOid: COMMIT, refs: ['main'] }] },
    ]);
    expect(await findCachedRepo(cacheDir, 'acme/eye')).toBe(folder);
  });

  test('downloads nothing that is there', async () => {
    await fetchRepo(options());
    hub.downloads.length = 0;
    expect(await fetchRepo(options())).toMatchObject({ downloadedBytes: 0 });
    expect(hub.downloads).toEqual([]);
  });

  test('goes on in mid-file after connections that were cut', async () => {
    hub.faults.cuts['model.safetensors'] = [1_000_000, 500_000];
    const { folder } = await fetchRepo(options());
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
    const starts = weightRanges().map((range) => Number(/\d+/.exec(range ?? '0')?.[0]));
    expect(starts).toHaveLength(3);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(0);
    expect(starts[2]).toBeGreaterThan(starts[1]!);
  });

  test('goes on where an earlier call gave up', async () => {
    hub.faults.cuts['model.safetensors'] = [1_000_000, ...Array<number>(20).fill(0)];
    await expect(fetchRepo(options())).rejects.toMatchObject({ code: 'unavailable' });
    const blobs = join(cacheDir, 'models--acme--eye/blobs');
    const left = readdirSync(blobs).find((name) => name.endsWith('.incomplete'))!;
    const { size } = statSync(join(blobs, left));
    expect(size).toBeGreaterThan(0);
    hub.faults.cuts = {};
    hub.downloads.length = 0;
    const { folder } = await fetchRepo(options());
    expect(weightRanges()).toEqual([`bytes=${size}-`]);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
  });

  test('starts again when a server sends the whole file instead of the rest', async () => {
    hub.faults.cuts['model.safetensors'] = [1_000_000];
    hub.faults.ignoreRange = true;
    const { folder } = await fetchRepo(options());
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
  });

  test('tries again when the server is in trouble', async () => {
    hub.faults.statuses = [503, 500];
    await fetchRepo(options());
  });

  test('refuses bytes with another checksum and keeps nothing of them', async () => {
    hub.faults.wrong['model.safetensors'] = Buffer.alloc(weights.length, 1);
    await expect(fetchRepo(options())).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(
        /^model.safetensors: its checksum is \w+, the hub says \w+; it was removed/,
      ) as string,
    });
    const left = readdirSync(join(cacheDir, 'models--acme--eye/blobs')).filter((name) => name.length >= 64);
    expect(left).toEqual([]);
    hub.faults.wrong = {};
    await fetchRepo(options());
  });

  test('checks small files too', async () => {
    hub.faults.wrong['config.json'] = Buffer.from('{"model_type":"lava!"}');
    await expect(fetchRepo(options())).rejects.toThrow(/config.json: its checksum/);
  });

  test('takes and leaves files by pattern', async () => {
    const { files: taken } = await fetchRepo({ ...options(), include: ['*.json', 'nested/'], exclude: ['*.md'] });
    expect(taken.map(({ path }) => path)).toEqual(['config.json']);
    await expect(fetchRepo({ ...options(), include: ['*.gguf'] })).rejects.toThrow(/none of its 5 files is asked for/);
  });

  test('reports bytes of all files together', async () => {
    const updates: ProgressUpdate[] = [];
    await fetchRepo({ ...options(), onProgress: (update) => updates.push(update) });
    const total = files['config.json'].length + weights.length + 5;
    expect(updates.at(-1)).toMatchObject({ task: 'fetch acme/eye', done: total, total, unit: 'bytes' });
    expect(updates.map(({ done }) => done)).toEqual(updates.map(({ done }) => done).sort((a, b) => a - b));
  });

  test('works offline once everything is there', async () => {
    await expect(fetchRepo({ ...options(), offline: true })).rejects.toThrow(
      /revision 'main' is not in .*; fetch it once without --offline/,
    );
    const online = await fetchRepo({ ...options(), exclude: ['nested/*'] });
    await hub.close();
    expect((await fetchRepo({ ...options(), exclude: ['nested/*'], offline: true })).folder).toBe(online.folder);
    await expect(fetchRepo({ ...options(), offline: true })).rejects.toThrow(/nested\/notes.md is not in the cache/);
  });

  test('a token opens what is private, and never stands in a message', async () => {
    await expect(fetchRepo(options('acme/private'))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('set HF_TOKEN') as string,
    });
    const wrong = await fetchRepo({ ...options('acme/private'), token: 'hf_wrong_token' }).catch((error: unknown) =>
      String(error),
    );
    expect(wrong).toMatch(/the token is not valid/);
    expect(wrong).not.toContain('hf_wrong_token');
    expect((await fetchRepo({ ...options('acme/private'), token: TOKEN })).files).toHaveLength(1);
  });

  test.each([
    ['acme/absent', 'main', 'not-found', /answers 404: no such repository, revision 'main' or file/],
    ['acme/eye', 'v9', 'not-found', /revision 'v9'/],
    ['../eye', 'main', 'bad-input', /is not the name of a repository/],
    ['acme/eye', '../main', 'bad-input', /is not the name of a revision/],
    ['acme/evil', 'main', 'refused', /lists "..\/..\/evil.json", which cannot be a file of a model/],
  ])('%s at %s is refused', async (repo, revision, code, message) => {
    await expect(fetchRepo({ ...options(repo), revision })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('a hub that is not there says how to go on', async () => {
    await hub.close();
    await expect(fetchRepo(options())).rejects.toThrow(
      /cannot reach http:\/\/127.0.0.1:\d+ \(ECONNREFUSED\); check the network and --endpoint/,
    );
  });

  test('stops when it is told to, and keeps what has arrived', async () => {
    const stop = new AbortController();
    const stopped = fetchRepo({
      ...options(),
      signal: stop.signal,
      onProgress: ({ done }) => done > 100_000 && stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    const { folder } = await fetchRepo(options());
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
  });
});

describe('chooseFiles', () => {
  test('keeps PyTorch files of a model that has no others', () => {
    expect(chooseFiles(['pytorch_model.bin', 'flax_model.msgpack'], {})).toEqual(['pytorch_model.bin']);
    expect(chooseFiles(['pytorch_model.bin', 'model.safetensors', 'mm_projector.bin'], {})).toEqual([
      'model.safetensors',
      'mm_projector.bin',
    ]);
  });
});
