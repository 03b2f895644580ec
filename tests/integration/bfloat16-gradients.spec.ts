import { connectExchange, startParameterServer } from '@llava-ts/exchange';
import { createModelHost, openRun, runWorker, type RunConfig } from '@llava-ts/trainer';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bitsOf, memoryRecorder, toyHost, toyRun } from '../../packages/exchange/testing/toy-run.js';
import { colourRun, temporaryFolder, writeColours } from './colour-run.js';

type Encoding = 'float32' | 'bfloat16';
const fingerprint = () => ({ frozenDigest: 'frozen', engineVersion: 'toy' });

/** Trains a toy run with so many workers; how its bytes and bits came out. */
async function trainToy(gradientEncoding: Encoding, workers: number, lane: boolean) {
  const run = toyRun({ exchange: { gradientEncoding } });
  const server = await startParameterServer({
    run,
    runId: 'toy',
    recorder: memoryRecorder(),
    address: '127.0.0.1:0',
    ...(lane && { lane: { host: '127.0.0.1', port: 0 } }),
  });
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      runWorker(connectExchange({ address: server.address, workerName: `w${index}`, fingerprint }), toyHost()),
    ),
  );
  expect(await server.finished).toBe('done');
  return { bits: bitsOf(run), pushedBytes: server.status().pushedBytes ?? NaN };
}

test('bfloat16 gradients give the same bits on any number of workers, over gRPC and over lanes, at half the bytes', async () => {
  const exact = await trainToy('float32', 1, false);
  const one = await trainToy('bfloat16', 1, false);
  expect(one.bits).not.toEqual(exact.bits);
  expect(one.pushedBytes).toBe(Number(exact.pushedBytes) / 2);
  expect((await trainToy('bfloat16', 3, true)).bits).toEqual(one.bits);
});

test('a run with bfloat16 gradients converges as one with exact ones does', async () => {
  const folder = await temporaryFolder();
  const { data } = await writeColours(join(folder, 'colours'), { count: 8 });
  const stage = { name: 'batch', trainable: ['projector', 'decoder'], template: 'v1', data, epochs: 100 } as const;
  const config = await colourRun(folder, [stage]);
  const exact = await losses(config, 'float32', folder);
  const rounded = await losses(config, 'bfloat16', folder);
  expect(rounded).toHaveLength(100);
  expect(rounded).not.toEqual(exact);
  expect(rounded[0]).toBe(exact[0]);
  expect(exact.at(-1)).toBeLessThan(0.05);
  expect(rounded.at(-1)).toBeLessThan(0.05);
  const area = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  expect(Math.abs(area(rounded) / area(exact) - 1)).toBeLessThan(0.05);
});

async function losses(shared: RunConfig, gradientEncoding: Encoding, cacheDir: string): Promise<number[]> {
  const run = await openRun({ ...shared, exchange: { ...shared.exchange, gradientEncoding } }, { cacheDir });
  const recorder = memoryRecorder();
  const server = await startParameterServer({ run, runId: 'colours', recorder, address: '127.0.0.1:0' });
  const host = createModelHost({ cacheDir });
  const exchange = connectExchange({ address: server.address, workerName: 'a', fingerprint });
  await runWorker(exchange, host);
  await host.close();
  await server.finished;
  return recorder.steps.map(({ loss }) => loss);
}
