import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LLAVA = join(ROOT, 'apps', 'cli', 'bin', 'llava.js');
const SMALL = [
  'stages.0.data.scenes.count=64',
  'stages.1.data.scenes.count=64',
  'stages.0.globalBatchSamples=16',
  'stages.1.globalBatchSamples=16',
];
const RUN = ['--preset', 'tiny', ...['train.steps=4', ...SMALL].flatMap((setting) => ['--set', setting])];

const folder = mkdtempSync(join(tmpdir(), 'interrupt-'));

interface Running {
  readonly child: ChildProcess;
  /** Resolves after so many steps. */
  steps(count: number): Promise<void>;
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string; readonly stdout: string }>;
}

function llava(...args: string[]): Running {
  const env = { ...process.env, LLAVA_CACHE: join(folder, 'cache') }; // marks every process of this test by its command line
  const child = spawn(process.execPath, [LLAVA, ...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let stderr = '';
  const waiting: { count: number; resolve: () => void }[] = [];
  const seen = (): number => lines.filter((line) => line.includes('"event":"step"')).length;
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    for (const { count, resolve } of waiting) if (seen() >= count) resolve();
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
    child.once('close', (status) => resolve({ status, stderr, stdout: lines.join('\n') }));
  });
  return { child, ended, steps: (count) => new Promise((resolve) => waiting.push({ count, resolve })) };
}

/** Processes whose command line holds a word. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    const file = join('/proc', pid, 'cmdline');
    return /^\d+$/.test(pid) && existsSync(file) && readCommand(file).includes(word);
  });
}

function readCommand(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

let whole: string;

beforeAll(async () => {
  whole = join(folder, 'whole');
  const { status, stderr } = await llava('train', ...RUN, '--out', whole).ended;
  expect(status, stderr).toBe(0);
});

describe.each(['0', '2'])('with %s workers', (workers) => {
  test('Ctrl-C ends a run in order, and going on from there gives the bits of a run that was never stopped', async () => {
    const out = join(folder, `stopped-${workers}`);
    const running = llava('train', ...RUN, '--workers', workers, '--json', '--out', out);
    await running.steps(2);
    running.child.kill('SIGINT');
    const { status, stderr } = await running.ended;
    expect(status, stderr).toBe(130);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`error: stopped; go on with: llava train --out ${out} --resume`);
    expect(existsSync(join(out, 'snapshots', 'latest'))).toBe(true);
    expect(existsSync(join(out, 'model'))).toBe(false);
    expect(processesWith(folder)).toEqual([]);

    const resumed = await llava('train', '--out', out, '--workers', workers, '--resume').ended;
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(await llava('diff', whole, out).ended).toMatchObject({ status: 0, stdout: 'identical' });
  });
});

test.runIf(process.platform === 'linux')('kill -9 of the command leaves no server and no worker behind', async () => {
  const out = join(folder, 'killed');
  const running = llava('train', ...RUN, '--workers', '2', '--json', '--out', out);
  await running.steps(1);
  expect(processesWith(folder)).toHaveLength(4); // the command, the server, two workers
  running.child.kill('SIGKILL');
  await running.ended;
  await expect.poll(() => processesWith(folder), { timeout: 30_000 }).toEqual([]);
});
