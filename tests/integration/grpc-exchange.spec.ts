import {
  connectExchange,
  startParameterServer,
  type ParameterServer,
  type ParameterServerOptions,
} from '@llava-ts/exchange';
import { createLocalExchange, runWorker, type OpenRun, type WorkerReport } from '@llava-ts/trainer';
import { afterEach, expect, test } from 'vitest';
import { startCuttingProxy } from '../../packages/exchange/testing/cutting-proxy.js';
import { rawWorker } from '../../packages/exchange/testing/raw-worker.js';
import {
  bitsOf,
  memoryRecorder,
  toyHost,
  toyRun,
  type ToyFault,
  type ToyRunOptions,
} from '../../packages/exchange/testing/toy-run.js';

const servers: ParameterServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop({ reason: 'the test is over', workers: 'wait' })));
});

const now = (): number => performance.now();
const fingerprint = () => ({ frozenDigest: 'frozen', engineVersion: 'toy' });
/** Leases of the whole run: 2 stages of 5 steps of 4 leases. */
const LEASES = 40;

/** Trains in this process, without a wire. */
async function trainLocally(options?: ToyRunOptions): Promise<OpenRun> {
  const run = toyRun(options);
  await runWorker(createLocalExchange({ runId: 'local', run, now }).exchange('local'), toyHost());
  return run;
}

async function serve(run: OpenRun, options: Partial<ParameterServerOptions> = {}): Promise<ParameterServer> {
  const server = await startParameterServer({
    run,
    runId: 'toy',
    recorder: memoryRecorder(),
    address: '127.0.0.1:0',
    ...options,
  });
  servers.push(server);
  return server;
}

interface WorkOptions {
  readonly fault?: ToyFault;
  readonly signal?: AbortSignal;
}

function work(address: string, name: string, { fault, signal }: WorkOptions = {}): Promise<WorkerReport> {
  return runWorker(
    connectExchange({ address, workerName: name, fingerprint }),
    toyHost(fault),
    signal ? { signal } : {},
  );
}

function accepted(reports: readonly WorkerReport[]): number {
  return reports.reduce((sum, { leases }) => sum + leases.accepted, 0);
}

test.each([1, 2, 4])('%i workers over gRPC end with the same bits as training in one process', async (workers) => {
  const run = toyRun();
  const server = await serve(run);
  const reports = await Promise.all(
    Array.from({ length: workers }, (_, index) => work(server.address, `worker-${index}`)),
  );
  expect(await server.finished).toBe('done');
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally()));
  expect(reports.map(({ ended }) => ended)).toEqual(Array(workers).fill('done'));
  expect(accepted(reports)).toBe(LEASES);
});

test('the order of summing shows in the bits, so that the comparison means something', async () => {
  const coarse = await trainLocally({ stages: [{ leasesPerStep: 2 }] });
  const fine = await trainLocally({ stages: [{ leasesPerStep: 4 }] });
  expect(bitsOf(coarse)).not.toEqual(bitsOf(fine));
});

test('the lease of a worker that dies goes to another one after its heartbeats stop', async () => {
  const run = toyRun({ exchange: { heartbeatMs: 50 } });
  const server = await serve(run);
  const doomed = await rawWorker(server.address, 'doomed');
  const lease = await doomed.lease();
  await doomed.pull(lease);
  doomed.close();
  const report = await work(server.address, 'survivor');
  expect(report.leases.accepted).toBe(LEASES);
  expect(await server.finished).toBe('done');
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally()));
});

test('a worker that is alive and stands still loses only its lease, and its late push is no harm', async () => {
  const options = { exchange: { leaseTimeoutMs: 300 } };
  const run = toyRun(options);
  const server = await serve(run);
  let stalls = 0;
  const stall: ToyFault = async (lease) => {
    if (lease.step !== 1 || stalls++ > 0) return;
    while (server.status().regrantedLeases === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    while ((server.status().step ?? 0) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const reports = await Promise.all([work(server.address, 'slow', { fault: stall }), work(server.address, 'quick')]);
  expect(reports[0].leases.stale).toBe(1);
  expect(accepted(reports)).toBe(LEASES);
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally(options)));
});

test('a worker that was silent for too long is refused, and a push of its lease too, until it joins again', async () => {
  const run = toyRun({ exchange: { heartbeatMs: 30 } });
  const server = await serve(run);
  const zombie = await rawWorker(server.address, 'zombie');
  const { parts } = await zombie.pushOf(await zombie.lease());
  await expect(zombie.broken).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('silent for more than') as string,
  });
  await expect(zombie.push(parts)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('no member') as string,
  });
  await work(server.address, 'other');
  zombie.close();
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally()));
});

test('connections that are cut over and over change nothing', async () => {
  const options = { exchange: { chunkBytes: 64 } };
  const run = toyRun(options);
  const server = await serve(run);
  const proxy = await startCuttingProxy(server.address);
  const cutting = setInterval(() => proxy.cut(), 200);
  try {
    const fault: ToyFault = () => new Promise((resolve) => setTimeout(resolve, 40));
    await Promise.all([work(proxy.address, 'a', { fault }), work(proxy.address, 'b', { fault })]);
    expect(proxy.connections()).toBeGreaterThan(6);
  } finally {
    clearInterval(cutting);
    proxy.close();
  }
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally(options)));
});

test('a worker that still computes when the run ends hears of it and goes', async () => {
  const run = toyRun({ exchange: { leaseTimeoutMs: 200 } });
  const server = await serve(run);
  const last: ToyFault = async (lease) => {
    if (lease.stage === 1 && lease.step === 4) await server.finished;
  };
  const slow = work(server.address, 'slow', { fault: last });
  await work(server.address, 'quick');
  expect(await slow).toMatchObject({ ended: 'done', leases: { stale: 1 } });
});

test('a worker that is told to stop hands its lease back at once', async () => {
  const run = toyRun();
  const server = await serve(run);
  const stop = new AbortController();
  const stopAtStepOne: ToyFault = (lease) => {
    if (lease.step === 1) stop.abort('SIGTERM');
  };
  const first = await work(server.address, 'first', { fault: stopAtStepOne, signal: stop.signal });
  expect(first.ended).toBe('cancelled');
  expect(server.status().workers).toEqual([]);
  const second = await work(server.address, 'second');
  expect(accepted([first, second])).toBe(LEASES);
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally()));
});

test('a server that stops in mid-run and goes on from its snapshot ends with the same bits, with the same workers', async () => {
  const recorder = memoryRecorder();
  const first = await serve(toyRun(), { recorder });
  const workers = Promise.all([work(first.address, 'a'), work(first.address, 'b')]);
  while ((first.status().step ?? 0) < 3 && first.status().stage === 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await first.stop({ reason: 'moved', workers: 'wait' });
  const { stage, step } = recorder.snapshots.at(-1)!.position;
  expect(stage + step).toBeGreaterThan(0);
  expect(await first.finished).toBe('stopped');

  const run = toyRun();
  const second = await serve(run, { recorder, address: first.address, resumed: recorder.snapshots.at(-1)! });
  await workers;
  expect(await second.finished).toBe('done');
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally()));
  expect(recorder.steps.map((facts) => `${facts.stage} ${facts.step}`)).toEqual(
    ['align', 'instruct'].flatMap((name) => [1, 2, 3, 4, 5].map((count) => `${name} ${count}`)),
  );
});

test('a server that is killed and goes on from an older snapshot ends with the same bits', async () => {
  const recorder = memoryRecorder();
  const first = await serve(toyRun(), { recorder });
  const proxy = await startCuttingProxy(first.address);
  const workers = Promise.all([work(proxy.address, 'a'), work(proxy.address, 'b')]);
  while (first.status().stage === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const resumed = recorder.snapshots[0]!;
  proxy.close();
  await first.stop({ reason: 'killed', workers: 'wait' });

  const run = toyRun();
  const second = await serve(run, { address: proxy.address, resumed });
  await workers;
  expect(await second.finished).toBe('done');
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally()));
});

test('a stage that teaches other parts than the one before gets the parts that changed', async () => {
  const options: ToyRunOptions = {
    stages: [
      { name: 'align' },
      { name: 'decoder-only', trainable: ['decoder'] },
      { name: 'both', trainable: ['projector', 'decoder'] },
    ],
  };
  const run = toyRun(options);
  const server = await serve(run);
  await Promise.all([work(server.address, 'a'), work(server.address, 'b')]);
  expect(bitsOf(run)).toEqual(bitsOf(await trainLocally(options)));
});

test('a run without workers waits, and a worker that finds no server gives up after its patience', async () => {
  const exchange = connectExchange({ address: '127.0.0.1:9', workerName: 'lost', fingerprint, patienceMs: 300 });
  await expect(runWorker(exchange, toyHost())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('gave up after') as string,
  });
  const server = await serve(toyRun());
  expect(server.status().state).toBe('STATE_WAITING');
});
