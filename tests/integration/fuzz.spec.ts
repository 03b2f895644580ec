import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('a parameter server answers after seconds of random and malicious messages, and no step was applied', async () => {
  const args = ['benchmarks/dist/fuzz.js', '--minutes', '0.08', '--seed', '7'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^[1-9]\d* attacks in 0\.08 min, seed 7; the server answers; .*\n1 passed, 0 failed\n$/);
});
