import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLoopbackHub } from '../../packages/checkpoint/testing/loopback-hub.js';
import type { LoopbackHub } from '../../packages/checkpoint/testing/loopback-hub.js';

const LLAVA = fileURLToPath(new URL('../../apps/cli/bin/llava.js', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../golden/llava-mha/', import.meta.url));
const TOKEN = 'hf_token_of_this_test';

let hub: LoopbackHub;
let home: string;
beforeEach(async () => {
  const names = readdirSync(GOLDEN).filter((name) => /^(config|preprocessor_config)\.json$|^model\./.test(name));
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(GOLDEN, name))]));
  hub = await startLoopbackHub({ 'acme/llava': { files, lfs: ['model.safetensors'], token: TOKEN } });
  home = mkdtempSync(join(tmpdir(), 'llava-fetch-'));
});
afterEach(() => hub.close());

async function llava(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [LLAVA, ...args], {
    env: { ...process.env, HF_HOME: home, HF_ENDPOINT: hub.endpoint, HF_TOKEN: '', ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  const status = await new Promise((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}

test('a model is fetched with its token, inspected, and found again offline', async () => {
  const refused = await llava(['fetch', 'acme/llava']);
  expect(refused).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: acme\/llava: .* answers 401: .*HF_TOKEN/) as string,
  });
  hub.faults.cuts['model.safetensors'] = [50_000];
  const out = join(home, 'model');
  const fetched = await llava(['fetch', 'acme/llava', '--out', out], { HF_TOKEN: TOKEN });
  expect(fetched).toMatchObject({ status: 0, stdout: `${out}\n` });
  expect(fetched.stderr).toMatch(/100% .*left|100%/);
  expect(fetched.stderr + refused.stderr).not.toContain(TOKEN);
  const inspected = await llava(['inspect', out, '--json']);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ kind: 'llava', parameters: 49_360, problem: null });
  await hub.close();
  const offline = await llava(['fetch', 'acme/llava', '--json'], { HF_HUB_OFFLINE: '1' });
  expect(JSON.parse(offline.stdout)).toMatchObject({ repo: 'acme/llava', downloadedBytes: 0 });
});

test('a folder of files of its own is not written over', async () => {
  const out = join(home, 'model');
  cpSync(GOLDEN, out, { recursive: true });
  const { status, stderr } = await llava(['fetch', 'acme/llava', '--out', out], { HF_TOKEN: TOKEN });
  expect(status).toBe(1);
  expect(stderr).toMatch(/config.json: is a file of its own and stays; name another folder with --out\n$/);
});
