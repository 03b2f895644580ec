import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

const LLAVA = fileURLToPath(new URL('../../bin/llava.js', import.meta.url));
const run = promisify(execFile);

async function script(shell: string): Promise<string> {
  return (await run(process.execPath, [LLAVA, 'completion', shell])).stdout;
}

/** What bash offers for the last of these words. */
async function offered(words: readonly string[]): Promise<string[]> {
  const ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _llava; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout } = await run('bash', ['-c', `${await script('bash')}\n${ask}`, 'bash', ...words]);
  return stdout.trim().split('\n');
}

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('llava completion', () => {
  it.each([
    [['llava', 'tr'], ['train']],
    [
      ['llava', 'k8s', ''],
      ['render', '--help'],
    ],
    [['llava', 'k8s', 'render', '--targ'], ['--target']],
    [
      ['llava', 'k8s', 'render', '--target', ''],
      ['jobset', 'job', 'trainjob'],
    ],
    [['llava', 'completion', 'z'], ['zsh']],
  ])('offers in bash after %j', async (words, wanted) => {
    expect(await offered(words)).toEqual(wanted);
  });

  it.each(['bash', 'zsh', 'fish'].filter(has))('writes a script that %s can read', async (shell) => {
    await expect(run(shell, ['-n', '-c', await script(shell)])).resolves.toMatchObject({ stderr: '' });
  });
});
