import { credentials } from '@grpc/grpc-js';
import { loadLlavaV1, type HistoryRequestInput, type RunStatusMessage, type StepStatusMessage } from '@llava-ts/protos';
import { runWorker } from '@llava-ts/trainer';
import { HealthImplementation } from 'grpc-health-check';
import { connect } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { memoryRecorder, toyHost, toyRun, type ToyFault } from '../../testing/toy-run.js';
import { connectExchange } from '../client/connect-exchange.js';
import { WINDOW_BYTES } from '../wire/limits.js';
import { startParameterServer, type ParameterServer, type ParameterServerOptions } from './start-parameter-server.js';

const servers: ParameterServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop({ reason: 'the test is over', workers: 'wait' })));
});

async function serve(options: Partial<ParameterServerOptions> = {}): Promise<ParameterServer> {
  const server = await startParameterServer({
    run: toyRun(),
    runId: 'toy',
    recorder: memoryRecorder(),
    address: '127.0.0.1:0',
    ...options,
  });
  servers.push(server);
  return server;
}

function work(address: string, name = 'a', fault?: ToyFault): ReturnType<typeof runWorker> {
  return runWorker(
    connectExchange({
      address,
      workerName: name,
      fingerprint: () => ({ frozenDigest: 'frozen', engineVersion: 'toy' }),
    }),
    toyHost(fault),
  );
}

const { Status, Control } = loadLlavaV1();

test('status says who works on what, and watching it shows the run go by', async () => {
  const server = await serve();
  const client = new Status(server.address, credentials.createInsecure());
  const seen: RunStatusMessage[] = [];
  const watch = client.Watch({ intervalMs: 100 });
  watch.on('data', (status: RunStatusMessage) => seen.push(status));
  watch.on('error', () => {});
  await work(server.address, 'a', () => new Promise((resolve) => setTimeout(resolve, 20)));
  await server.finished;
  expect(seen[0]).toMatchObject({
    runId: 'toy',
    state: 'STATE_WAITING',
    stage: 0,
    stageName: 'align',
    stages: 2,
    step: 0,
    steps: 5,
    workers: [],
    lastStep: null,
  });
  expect(seen.some(({ workers }) => workers[0]?.worker === 'a' && workers[0].leases.length === 1)).toBe(true);
  expect(seen.map(({ stage, step }) => stage * 5 + step)).toEqual(
    seen.map(({ stage, step }) => stage * 5 + step).sort((a, b) => a - b),
  );
  expect(server.status()).toMatchObject({
    state: 'STATE_DONE',
    stage: 1,
    step: 5,
    lastStep: { stage: 1, step: 4 },
    lastSnapshot: { stage: 1, step: 5, name: 'instruct-5' },
    refusedPushes: 0,
  });
  expect(server.status().pushedBytes).toBeGreaterThan(0);
  client.close();
});

test('history gives the applied steps, those after a position, or a few of them that end with the newest', async () => {
  const server = await serve({ recorder: { ...memoryRecorder(), history: async () => LOG } });
  const client = new Status(server.address, credentials.createInsecure());
  const history = async (request: HistoryRequestInput): Promise<string[]> => {
    const steps: StepStatusMessage[] = [];
    for await (const step of client.History(request)) steps.push(step as StepStatusMessage);
    return steps.map(({ stage, step }) => `${stage}/${step}`);
  };
  expect(await history({})).toEqual(['0/0', '0/1', '0/2', '1/0', '1/1']);
  expect(await history({ afterStage: 0, afterStep: 1 })).toEqual(['0/2', '1/0', '1/1']);
  expect(await history({ most: 2 })).toEqual(['0/2', '1/1']);
  client.close();
});

/** Three steps of the first stage and two of the second. */
const LOG = ['align 1', 'align 2', 'align 3', 'instruct 1', 'instruct 2'].map((text) => {
  const [stage = '', step] = text.split(' ');
  const facts = { steps: 5, loss: 1, gradNorm: 1, learningRate: 1, labelTokens: 1, samples: 1, tokens: 2, ms: 1 };
  return { stage, step: Number(step), truncatedSamples: 0, skippedSamples: 0, ...facts };
});

test('a watch with an impossible interval is refused', async () => {
  const server = await serve();
  const client = new Status(server.address, credentials.createInsecure());
  const error = await new Promise((resolve) => client.Watch({ intervalMs: 5 }).on('error', resolve).resume());
  expect(error).toMatchObject({ details: 'interval_ms: expected 100 to 60000, got 5' });
  client.close();
});

/** Calls of the Control service, as promises. */
function control(address: string) {
  const client = new Control(address, credentials.createInsecure());
  const call = (method: 'Pause' | 'Resume' | 'Snapshot' | 'Stop', runId = ''): Promise<string> =>
    new Promise((resolve, reject) => {
      client[method]({ runId }, { deadline: Date.now() + 5000 }, (error, reply) => {
        if (error === null) resolve(reply!.message);
        else reject(error);
      });
    });
  return { call, close: () => client.close() };
}

test('a paused run gives out nothing until it is resumed', async () => {
  const server = await serve();
  const { call, close } = control(server.address);
  expect(await call('Pause', 'toy')).toContain('paused');
  const working = work(server.address);
  while (server.status().workers?.length !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(server.status()).toMatchObject({ state: 'STATE_PAUSED', step: 0, pulledBytes: 0 });
  expect(await call('Resume')).toBe('resumed');
  expect((await working).ended).toBe('done');
  close();
});

test('a snapshot on demand is of the last applied step, and is not taken twice', async () => {
  const recorder = memoryRecorder();
  const server = await serve({ recorder });
  const { call, close } = control(server.address);
  expect(await call('Snapshot')).toBe('saved step 0 of stage 0');
  expect(await call('Snapshot')).toBe('saved step 0 of stage 0');
  expect(recorder.snapshots).toHaveLength(1);
  await expect(call('Snapshot', 'another')).rejects.toMatchObject({ details: "run: this is 'toy', not 'another'" });
  close();
});

test('a run that is stopped sends its workers home and saves what is applied', async () => {
  const recorder = memoryRecorder();
  const server = await serve({ recorder });
  const { call, close } = control(server.address);
  const working = work(server.address, 'a', () => new Promise((resolve) => setTimeout(resolve, 10)));
  while ((server.status().step ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await call('Stop')).toBe('stopping');
  expect(await server.finished).toBe('stopped');
  expect((await working).ended).toBe('done');
  expect(recorder.snapshots.at(-1)?.position).toEqual({ stage: 0, step: recorder.steps.length });
  close();
});

test('health is on its own port and turns when the run is over', async () => {
  const server = await serve({ health: { host: '127.0.0.1', port: 0 } });
  expect(server.healthPort).not.toBe(Number(server.address.split(':')[1]));
  const health = await healthOf(server.healthPort!);
  expect([await health('live'), await health('ready'), await health('')]).toEqual(['SERVING', 'SERVING', 'SERVING']);
  await server.stop({ reason: 'test', workers: 'wait' });
  await expect(health('ready')).rejects.toMatchObject({ code: 14 });
});

test('without credentials only the loopback interface is served', async () => {
  await expect(serve({ address: '0.0.0.0:0' })).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('use 127.0.0.1:0 or give certificates') as string,
  });
  await expect(serve({ address: 'nonsense' })).rejects.toMatchObject({ code: 'bad-input' });
  const server = await serve();
  await expect(serve({ address: server.address })).rejects.toMatchObject({ code: 'unavailable' });
});

test('streams and connections have wide windows', async () => {
  const server = await serve();
  const session = connect(`http://${server.address}`);
  const settings = await new Promise<{ initialWindowSize?: number }>((resolve) =>
    session.on('remoteSettings', resolve),
  );
  expect(settings.initialWindowSize).toBe(WINDOW_BYTES);
  while (session.state.remoteWindowSize! < WINDOW_BYTES) await new Promise((resolve) => setTimeout(resolve, 5));
  session.destroy();
});

async function healthOf(port: number): Promise<(service: string) => Promise<string>> {
  const { makeClientConstructor } = await import('@grpc/grpc-js');
  const { service } = await import('grpc-health-check');
  expect(HealthImplementation).toBeDefined();
  const Health = makeClientConstructor(service, 'Health');
  const client = new Health(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as {
    check: (
      request: { service: string },
      options: object,
      done: (error: Error | null, reply: { status: string }) => void,
    ) => void;
  };
  return (name) =>
    new Promise((resolve, reject) => {
      client.check({ service: name }, { deadline: Date.now() + 2000 }, (error, reply) => {
        if (error === null) resolve(reply.status);
        else reject(error);
      });
    });
}
