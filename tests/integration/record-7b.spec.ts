import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('./record-7b.mjs', import.meta.url));

it('a 7B training step is recorded on a laptop: no weight and no activation is allocated', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const { parameters, nodes, peakBytes } = JSON.parse(stdout) as {
    parameters: number;
    nodes: number;
    peakBytes: number;
  };
  expect(parameters).toBeGreaterThan(6.7e9);
  expect(nodes).toBeGreaterThan(5000);
  expect(peakBytes).toBeLessThan(1.5 * 2 ** 30);
});
