import { mainFile as serverFile, type ParameterServerEvent } from '@llava-ts/parameter-server';
import { train, type RunConfig } from '@llava-ts/trainer';
import { mainFile as workerFile, type WorkerEvent } from '@llava-ts/worker';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { colourRun, temporaryFolder, writeColours } from './colour-run.js';

let folder: string;
let configFile: string;
let config: RunConfig;
let expected: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const { data } = await writeColours(join(folder, 'colours'), { count: 12 });
  const shared = { data, globalBatchSamples: 5, leasesPerStep: 3, microBatchSamples: 2 };
  const run = await colourRun(folder, [
    { name: 'align', trainable: ['projector'], template: 'plain', ...shared },
    { name: 'instruct', trainable: ['projector', 'decoder'], template: 'v1', ...shared },
  ]);
  config = { ...run, train: { ...run.train, snapshotEverySteps: 1 }, exchange: { ...run.exchange, heartbeatMs: 200 } };
  configFile = join(folder, 'config.json');
  await writeFile(configFile, JSON.stringify(config));
  const { modelDir } = await train({ config, outDir: join(folder, 'local'), cacheDir: folder });
  expected = await digest(modelDir!);
}, 120_000);

const running: Program<unknown>[] = [];
afterEach(async () => {
  for (const program of running.splice(0)) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
});

/** A process whose events can be waited for. */
interface Program<E> {
  readonly child: ChildProcess;
  readonly events: E[];
  /** Its exit status, or the signal that killed it, and what it complained of. */
  readonly ended: Promise<{ status: number | string | null; log: string }>;
  /** The first event that fits, past or to come. */
  event(fits: (event: E) => boolean): Promise<E>;
}

function start<E>(file: string, args: readonly string[]): Program<E> {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LLAVA_LOG: 'quiet', TF_NUM_INTRAOP_THREADS: '1' },
  });
  const events: E[] = [];
  let log = '';
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (line) => {
    events.push(JSON.parse(line) as E);
    for (const look of waiting) look();
  });
  child.stderr.on('data', (text: Buffer) => (log += text.toString()));
  const ended = new Promise<{ status: number | string | null; log: string }>((resolve) => {
    child.on('close', (status, signal) => resolve({ status: status ?? signal, log }));
  });
  const program: Program<E> = {
    child,
    events,
    ended,
    event: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        void ended.then(({ status }) => reject(new Error(`ended with ${status} before the event: ${log}`)));
        look();
      }),
  };
  running.push(program);
  return program;
}

async function startServer(
  out: string,
  flags: readonly string[] = [],
): Promise<Program<ParameterServerEvent> & { address: string }> {
  const listen = flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const places = ['--config', configFile, '--out', join(folder, out), '--cache', folder];
  const server = start<ParameterServerEvent>(serverFile, [...places, ...listen, ...flags]);
  const ready = await server.event(({ event }) => event === 'ready');
  if (ready.event !== 'ready') throw new Error('unreachable');
  return { ...server, address: ready.address };
}

function startWorker(address: string, name: string, flags: readonly string[] = []): Program<WorkerEvent> {
  return start(workerFile, ['--server', address, '--name', name, '--cache', folder, ...flags]);
}

const isStep =
  (stage: string, step: number) =>
  (event: ParameterServerEvent): boolean =>
    event.event === 'step' && event.stage === stage && event.step === step;

async function digest(modelDir: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(modelDir, 'model.safetensors')))
    .digest('hex');
}

test('a server and two workers as processes write the model of one process, bit for bit', async () => {
  const readyFile = join(folder, 'ready.json');
  const server = await startServer('two', ['--health-port', '0', '--ready-file', readyFile]);
  expect(JSON.parse(await readFile(readyFile, 'utf8'))).toMatchObject({
    address: server.address,
    pid: server.child.pid,
  });
  const workers = [
    startWorker(server.address, 'a', ['--config', configFile]),
    startWorker(server.address, 'b', ['--threads', '1']),
  ];
  for (const { ended } of workers) expect(await ended).toMatchObject({ status: 0 });
  expect(await server.ended).toMatchObject({ status: 0 });
  expect(await digest(join(folder, 'two', 'model'))).toBe(expected);
  const local = await readMetrics('local');
  expect(await readMetrics('two')).toEqual(local);
}, 180_000);

test('a worker that is killed in mid-lease, and a server that is killed and started again, leave no trace in the model', async () => {
  const first = await startServer('killed');
  const doomed = startWorker(first.address, 'doomed');
  await doomed.event(({ event }) => event === 'lease');
  doomed.child.kill('SIGKILL');
  const survivor = startWorker(first.address, 'survivor');
  await first.event(isStep('instruct', 1));
  first.child.kill('SIGKILL');
  await first.ended;
  const second = await startServer('killed', ['--listen', first.address, '--resume', 'auto']);
  expect(await survivor.ended).toMatchObject({ status: 0 });
  expect(await second.ended).toMatchObject({ status: 0 });
  expect(await digest(join(folder, 'killed', 'model'))).toBe(expected);
  expect(await readMetrics('killed')).toEqual(await readMetrics('local'));
}, 180_000);

test('SIGTERM ends a worker and a server in order, and the run goes on from there', async () => {
  const first = await startServer('ended');
  const worker = startWorker(first.address, 'a');
  await first.event(isStep('align', 1));
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ status: 130, log: '' });
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ status: 130, log: '' });
  expect(first.events.at(-1)).toMatchObject({ event: 'end', ended: 'stopped', stage: 0, modelDir: null });

  const second = await startServer('ended', ['--resume', 'latest']);
  const again = startWorker(second.address, 'a');
  expect(await again.ended).toMatchObject({ status: 0 });
  expect(await second.ended).toMatchObject({ status: 0 });
  expect(await digest(join(folder, 'ended', 'model'))).toBe(expected);
  const finished = await startServer('ended', ['--resume', 'latest']);
  expect(await finished.ended).toMatchObject({ status: 0 });
}, 240_000);

test('what is wrong is said in one line, with the exit status of its kind', async () => {
  const cases: [string, string[], number, string][] = [
    [serverFile, [], 2, '--config is missing; see --help'],
    [serverFile, ['--config', configFile, '--out', folder, '--port', '1'], 2, "Unknown option '--port'"],
    [serverFile, ['--config', join(folder, 'none.json'), '--out', join(folder, 'x')], 1, 'none.json'],
    [
      serverFile,
      ['--config', configFile, '--out', join(folder, 'x'), '--cache', folder, '--listen', '0.0.0.0:0'],
      1,
      'only the loopback interface',
    ],
    [
      serverFile,
      ['--config', configFile, '--out', join(folder, 'x'), '--cache', folder, '--resume', 'latest'],
      1,
      'has no snapshot',
    ],
    [workerFile, [], 2, '--server is missing; see --help'],
    [
      workerFile,
      ['--server', '127.0.0.1:9', '--threads', 'many'],
      2,
      "--threads: expected a whole number from 1, got 'many'",
    ],
    [workerFile, ['--server', '127.0.0.1:9', '--patience', '0'], 1, 'gave up after'],
  ];
  for (const [file, args, status, message] of cases) {
    const end = await start(file, args).ended;
    expect(end, message).toMatchObject({ status });
    expect(end.log).toContain(message);
    expect(end.log.trim().split('\n'), end.log).toHaveLength(1);
    expect(end.log).toMatch(/^error: /);
  }
}, 120_000);

/** Everything but the times. */
async function readMetrics(out: string): Promise<unknown[]> {
  const text = await readFile(join(folder, out, 'metrics.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => ({ ...(JSON.parse(line) as object), ms: 0, unixMs: 0, applyMs: 0, timings: {} }));
}
