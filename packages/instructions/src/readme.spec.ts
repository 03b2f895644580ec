import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

it('the example of the README runs and prints what it says', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, code = ''] = /```js\n([\s\S]+?)```/.exec(readme) ?? [];
  const [, printed = ''] = /```text\n([\s\S]+?)```/.exec(readme) ?? [];
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: new URL('..', import.meta.url),
  });
  expect(stdout).toBe(printed);
});
