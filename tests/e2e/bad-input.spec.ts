import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { writeScenesDataset } from '@llava-ts/data';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LLAVA = join(ROOT, 'apps', 'cli', 'bin', 'llava.js');
const SAMPLES = 16;

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function llava(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [LLAVA, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

/** The error, which is the last and only line of its kind. */
function errorOf({ stderr }: Ended): string {
  const errors = stderr
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith('error: '));
  expect(errors, stderr).toHaveLength(1);
  expect(stderr.trimEnd().endsWith(errors[0]!), stderr).toBe(true);
  return errors[0]!;
}

/** Files that are neither whole nor absent: temporary ones, and a model without its weights. */
function halfWritten(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true }).map(String);
  const temporary = files.filter((file) => /\.(tmp|old)\b|(^|\/)\./.test(file));
  const emptyJson = files.filter((file) => file.endsWith('.json') && statSync(join(folder, file)).size === 0);
  return [...temporary, ...emptyJson, ...(existsSync(join(folder, 'model')) ? ['model'] : [])];
}

/** A dataset of real scenes that each test may damage. */
let pristine: string;
let folder: string;
let out: string;

beforeAll(async () => {
  pristine = mkdtempSync(join(tmpdir(), 'scenes-'));
  await writeScenesDataset(pristine, { count: SAMPLES, seed: 3, kind: 'captions', split: 'train' });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
  cpSync(pristine, folder, { recursive: true });
  out = join(folder, 'out');
});

const jsonFile = (): string =>
  join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.json') && isSamples(join(folder, name)))!,
  );

function isSamples(file: string): boolean {
  return Array.isArray(JSON.parse(readFileSync(file, 'utf8')));
}

/** `llava train` on the dataset: one stage, two steps. */
function trainOnFolder(...more: string[]): Promise<Ended> {
  const config = join(folder, 'run.yaml');
  const data = `{ json: ${jsonFile()}, images: ${join(folder, 'images')} }`;
  writeFileSync(
    config,
    `preset: tiny\nstages:\n  - { name: align, globalBatchSamples: 8, microBatchSamples: 4, leasesPerStep: 2, data: ${data} }\n`,
  );
  return llava('train', '--config', config, '--set', 'train.snapshotEverySteps=1', '--out', out, ...more);
}

describe('a wrong configuration is misuse: status 2, one line, nothing written', () => {
  test.each([
    ['an unknown preset', ['--preset', 'tinny'], /no preset 'tinny', did you mean 'tiny'\?/],
    [
      'a wrong path',
      ['--preset', 'tiny', '--set', 'train.stepz=20'],
      /train\.stepz: no such setting, did you mean 'steps'\?/,
    ],
    [
      'a value of the wrong type',
      ['--preset', 'tiny', '--set', 'train.steps=many'],
      /train\.steps = "many": expected a (whole )?number/,
    ],
    ['a configuration file that is not there', ['--config', '/no/such/run.yaml'], /\/no\/such\/run\.yaml/, 1],
  ])('%s', async (_, args, message, status = 2) => {
    const ended = await llava('train', ...args, '--out', out);
    expect(ended.status).toBe(status);
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(errorOf(ended)).toMatch(message);
    expect(existsSync(out)).toBe(false);
  });
});

describe('a sample without its conversation', () => {
  test.each([['0'], ['1']])(
    'is named with file, index and field, with %s workers, and no run begins',
    async (workers) => {
      const samples = JSON.parse(readFileSync(jsonFile(), 'utf8')) as { conversations?: unknown }[];
      delete samples[5]!.conversations;
      writeFileSync(jsonFile(), JSON.stringify(samples));
      const ended = await trainOnFolder('--workers', workers);
      expect(ended.status).toBe(2);
      expect(errorOf(ended)).toMatch(/\.json: .*5.*conversations/);
      expect(existsSync(out)).toBe(false);
    },
  );
});

describe('a truncated PNG', () => {
  const damage = (): string => {
    const image = readdirSync(join(folder, 'images')).sort()[7]!;
    truncateSync(join(folder, 'images', image), 200);
    return image;
  };

  test.each([['0'], ['1']])('stops a run with %s workers, named, and nothing is half-written', async (workers) => {
    const image = damage();
    const ended = await trainOnFolder('--workers', workers);
    expect(ended.status).toBe(1);
    expect(errorOf(ended)).toContain(image);
    expect(halfWritten(out)).toEqual([]);
  });

  test('is refused by chat', async () => {
    expect((await trainOnFolder('--set', 'train.steps=1')).status).toBe(0);
    const image = join(folder, 'images', damage());
    const ended = await llava('chat', '--model', join(out, 'model'), '--image', image, 'What is this?');
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status: 1, stdout: '' });
    expect(errorOf(ended)).toContain(image);
  });
});

describe('a snapshot cut in half', () => {
  const cut = (name: string): void => {
    const file = join(out, 'snapshots', name, 'parameters.safetensors');
    truncateSync(file, Math.floor(statSync(file).size / 2));
  };

  test('is passed over for the one before, which is said, and the run ends as if nothing had been', async () => {
    expect((await trainOnFolder()).status).toBe(0);
    const model = readFileSync(join(out, 'model', 'model.safetensors'));
    cut('align-2');
    const ended = await llava('train', '--out', out, '--resume');
    expect(ended.stderr).toMatch(
      /snapshot align-2 is damaged, trying the one before: .*parameters\.safetensors: has \d+ bytes, \d+ were written/,
    );
    expect(ended.status).toBe(0);
    expect(readFileSync(join(out, 'model', 'model.safetensors')).equals(model)).toBe(true);
  });

  test('ends the resumption when it is the only one: status 1, one line, and nothing is changed', async () => {
    expect((await trainOnFolder('--set', 'train.steps=1')).status).toBe(0);
    cut('align-1');
    const before = readdirSync(out, { recursive: true });
    const ended = await llava('train', '--out', out, '--resume');
    expect(ended.status).toBe(1);
    expect(errorOf(ended)).toMatch(/no snapshot is whole.*align-1.*parameters\.safetensors/);
    expect(readdirSync(out, { recursive: true })).toEqual(before);
  });
});
