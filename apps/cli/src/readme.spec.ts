import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const LLAVA = fileURLToPath(new URL('../bin/llava.js', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const [, block = ''] = /```sh\n([\s\S]+?)```/.exec(readme) ?? [];
const commands = block
  .trim()
  .split('\n')
  .map((line) => (line.split('#')[0] ?? '').trim());

test('the README shows every command', () => {
  const help = spawnSync(process.execPath, [LLAVA, '--help'], { encoding: 'utf8' }).stdout;
  const names = [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]\w+)/gm)].map(([, name]) => name);
  expect(names).toContain('train');
  expect(new Set(commands.map((line) => line.split(' ')[1]))).toEqual(
    new Set(names.filter((name) => name !== 'help' && name !== 'llava')),
  );
});

test.each(commands)('%s has commands and flags that exist', (line) => {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '').slice(1);
  const { stdout } = spawnSync(process.execPath, [LLAVA, ...words, '--help'], { encoding: 'utf8' });
  const path = words.slice(0, ['runtime', 'data', 'k8s'].includes(words[0] ?? '') ? 2 : 1);
  expect(stdout).toContain(`Usage: llava ${path.join(' ')}`);
  for (const flag of words.filter((word) => word.startsWith('--'))) expect(stdout).toContain(flag);
});
