import { startParameterServer } from '@llava-ts/exchange';
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bitsOf, memoryRecorder, toyRun } from '../../packages/exchange/testing/toy-run.js';

const python = process.env['LLAVA_PYTHON'] ?? 'python3';
const script = fileURLToPath(new URL('../../examples/python-worker/worker.py', import.meta.url));

function missing(): string | null {
  try {
    execFileSync(python, ['-c', 'import grpc_tools'], { stdio: 'ignore' });
    return null;
  } catch {
    return `${python} has no grpcio-tools (set LLAVA_PYTHON to one that has)`;
  }
}
const reason = missing();

test.skipIf(reason !== null)(
  `a worker in Python, written from the .proto files, does a whole run${reason === null ? '' : `: skipped, ${reason}`}`,
  async () => {
    const run = toyRun({ exchange: { heartbeatMs: 500 } });
    const before = bitsOf(run);
    const server = await startParameterServer({
      run,
      runId: 'toy',
      recorder: memoryRecorder(),
      address: '127.0.0.1:0',
    });
    const { stdout } = await promisify(execFile)(python, [script, server.address, 'frozen', 'python'], {
      timeout: 120_000,
    });
    expect(await server.finished).toBe('done');
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.endsWith('OUTCOME_ACCEPTED'))).toHaveLength(40);
    expect(lines.at(-1)).toBe('done');
    expect(server.status().refusedPushes).toBe(0);
    expect(bitsOf(run)).not.toEqual(before);
  },
);
