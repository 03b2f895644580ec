import { connectExchange, startParameterServer, startShardServer, type ParameterServer } from '@llava-ts/exchange';
import {
  createLocalExchange,
  createRunRecorder,
  readRunSnapshot,
  runWorker,
  shardOfRun,
  shardPieces,
  snapshotsFolder,
  type OpenRun,
  type RunSnapshot,
} from '@llava-ts/trainer';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rawWorker } from '../../packages/exchange/testing/raw-worker.js';
import { bitsOf, toyHost, toyRun, type ToyFault, type ToyRunOptions } from '../../packages/exchange/testing/toy-run.js';

/** Wide enough for tensors of more than a block, so that some are cut. */
const PORTIONS = { globalBatchSamples: 4, leasesPerStep: 2 };
const WIDE: ToyRunOptions = {
  hidden: 192,
  samples: 8,
  stages: [PORTIONS, { ...PORTIONS, name: 'instruct', trainable: ['projector', 'decoder'] }],
  exchange: { heartbeatMs: 500 },
};
const LEASES = 8;
const now = (): number => performance.now();

let outDir: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'llava-shards-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(outDir, { recursive: true });
});

interface Cluster {
  readonly server: ParameterServer;
  readonly addresses: string[];
}

const LANE = { host: '127.0.0.1', port: 0 };

async function startShard(index: number, shards: number, { address = '127.0.0.1:0', lanes = false } = {}) {
  const place = { index, shards };
  const open = async () => {
    const run = toyRun(WIDE);
    return { run: shardOfRun(run, place), pieces: shardPieces(run, place) };
  };
  const shard = await startShardServer({ ...place, open, outDir, address, ...(lanes && { lane: LANE }) });
  closing.push(shard.stop);
  return shard;
}

async function startCoordinator(
  addresses: readonly string[],
  {
    resumed,
    address = '127.0.0.1:0',
    lanes = false,
  }: { resumed?: RunSnapshot; address?: string; lanes?: boolean } = {},
) {
  const whole = toyRun(WIDE);
  const place = { index: 0, shards: addresses.length + 1 };
  const pieces = shardPieces(whole, place);
  const run = shardOfRun(whole, place);
  const serving: { server: ParameterServer | null } = { server: null };
  const recorder = await createRunRecorder({
    outDir,
    runId: 'toy',
    run,
    now,
    shards: place.shards,
    addFiles: (folder) => serving.server!.saveParts(folder),
    ...(resumed && { resumed }),
  });
  const server = await startParameterServer({
    run,
    runId: 'toy',
    recorder,
    address,
    ...(resumed && { resumed }),
    ...(lanes && { lane: LANE }),
    ...(addresses.length > 0 && { others: { addresses, pieces } }),
  });
  serving.server = server;
  closing.push(() => server.stop({ reason: 'the test is over', workers: 'wait' }));
  return server;
}

async function start(shards: number, lanes = false): Promise<Cluster> {
  const others = await Promise.all(
    Array.from({ length: shards - 1 }, (_, index) => startShard(index + 1, shards, { lanes })),
  );
  const addresses = others.map(({ address }) => address);
  return { addresses, server: await startCoordinator(addresses, { lanes }) };
}

const work = (address: string, workerName: string, fault?: ToyFault) =>
  runWorker(
    connectExchange({ address, workerName, fingerprint: () => ({ frozenDigest: 'f', engineVersion: 'toy' }) }),
    toyHost(fault),
  );

async function trainLocally(): Promise<Record<string, string>> {
  const run = toyRun(WIDE);
  await runWorker(createLocalExchange({ runId: 'local', run, now }).exchange('local'), toyHost());
  return bitsOf(run);
}

/** What the last snapshot holds, as bits of the whole run. */
async function savedBits(): Promise<Record<string, string>> {
  const run: OpenRun = toyRun(WIDE);
  const { snapshot } = await readRunSnapshot(snapshotsFolder(outDir), run);
  for (const [name, values] of snapshot.parameters) run.tensors.get(name)!.parameter.set(values);
  return bitsOf(run);
}

test.each([
  [2, 'gRPC'],
  [3, 'gRPC'],
  [3, 'lanes'],
])('%i shards end with the bits of one process over %s', async (shards, way) => {
  const { server } = await start(shards, way === 'lanes');
  const told = await vi.waitFor(() => rawWorker(server.address, 'onlooker'), 20_000);
  told.close();
  const places = told.reply.shards.map(({ laneAddress }) => laneAddress.replace(/\d+/, 'PORT'));
  expect(places).toEqual(Array.from({ length: shards }, () => (way === 'lanes' ? ':PORT' : '')));
  const reports = await Promise.all([work(server.address, 'a'), work(server.address, 'b')]);
  expect(await server.finished).toBe('done');
  expect(reports.reduce((sum, { leases }) => sum + leases.accepted, 0)).toBe(LEASES);
  expect(server.status().shards).toHaveLength(shards);
  expect(await savedBits()).toEqual(await trainLocally());
});

test('a run of three shards that stops goes on with one, and ends with the same bits', async () => {
  const { server } = await start(3);
  const working = work(server.address, 'a', async (lease) => {
    if (lease.stage === 1) await server.stop({ reason: 'moved', workers: 'wait' });
  });
  expect(await server.finished).toBe('stopped');
  const { snapshot } = await readRunSnapshot(snapshotsFolder(outDir), toyRun(WIDE));
  expect(snapshot.position.stage + snapshot.position.step).toBeGreaterThan(0);
  const second = await startCoordinator([], { resumed: snapshot, address: server.address });
  await working;
  expect(await second.finished).toBe('done');
  expect(await savedBits()).toEqual(await trainLocally());
});

test('a shard that is restarted has lost what it held: the run goes back, and ends with the same bits', async () => {
  const { server, addresses } = await start(2);
  let restarted = false;
  const working = work(server.address, 'a', async (lease) => {
    if (lease.stage !== 1 || restarted) return;
    restarted = true;
    await closing.shift()!();
    await startShard(1, 2, { address: addresses[0]! });
  });
  expect(await server.finished).toBe('rewound');
  const { snapshot } = await readRunSnapshot(snapshotsFolder(outDir), toyRun(WIDE), {
    pieces: shardPieces(toyRun(WIDE), { index: 0, shards: 2 }),
  });
  const second = await startCoordinator(addresses, { resumed: snapshot, address: server.address });
  await working;
  expect(await second.finished).toBe('done');
  expect(await savedBits()).toEqual(await trainLocally());
});
