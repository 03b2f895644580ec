import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

const LLAVA = fileURLToPath(new URL('../bin/llava.js', import.meta.url));

function llava(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LLAVA, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('llava', () => {
  test('--help shows the commands and examples', () => {
    const { status, stdout, stderr } = llava('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const word of ['quickstart', 'train', 'chat', 'diff', 'runtime', 'doctor', 'Examples:'])
      expect(stdout).toContain(word);
  });

  test('--help loads neither the models nor the trainer: it takes little of the processor', () => {
    const script = `process.argv = ['node', 'llava', '--help']; await import(${JSON.stringify(LLAVA)}); const { user, system } = process.cpuUsage(); console.error(user + system);`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(Number(stderr)).toBeLessThan(400_000); // microseconds; the trainer alone takes more
  });

  test('--version prints the version', () => {
    expect(llava('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
  });

  test.each([
    [['trian'], /^error: unknown command 'trian' \(Did you mean train\?\)\n$/],
    [
      ['train', '--workers', 'two'],
      /^error: .*--workers <count>.*'two' is invalid. Expected a whole number, at least 0.\n$/,
    ],
    [['train', '--sett', 'a=b'], /^error: unknown option '--sett' \(Did you mean --set\?\)\n$/],
    [['chat', '--model', 'm'], /^error: required option '--image <file>' not specified\n$/],
    [['runtime', 'install', '--device', 'tpu'], /^error: .*'tpu' is invalid. Allowed choices are auto, cpu, gpu.\n$/],
    [['train', '--preset', 'tinny'], /^error: no preset 'tinny', did you mean 'tiny'\?.*\n$/],
  ])('%j is misuse: status 2 and one line', (args, message) => {
    const { status, stderr, stdout } = llava(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('a folder that is not there is an expected failure: status 1 and one line', () => {
    const { status, stderr } = llava('diff', '/no/such/a', '/no/such/b');
    expect({ status, lines: stderr.split('\n').length }).toEqual({ status: 1, lines: 2 });
    expect(stderr).toMatch(/^error: \/no\/such\/a: has no model and no snapshots/);
  });

  test('--dry-run prints the resolved configuration and makes nothing', () => {
    const out = join(mkdtempSync(join(tmpdir(), 'dry-')), 'out');
    const { status, stdout } = llava('train', '--preset', 'tiny', '--set', 'train.steps=7', '--dry-run', '--out', out);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ preset: 'tiny', train: { steps: 7 } });
    expect(llava('diff', out, out).status).toBe(1);
  });

  test('doctor --json describes this machine', () => {
    const { status, stdout } = llava('doctor', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, node: { version: process.versions.node } });
  });
});
