import { startParameterServer, startShardServer } from '@llava-ts/exchange';
import { shardOfRun, shardPieces, type RunRecorder } from '@llava-ts/trainer';
import { tmpdir } from 'node:os';
import { createUsage, reply, taskOf } from './crew.js';
import { syntheticRun, type SyntheticRun } from './synthetic-run.js';
import { secure, type Security } from './security.js';

/** A shard of a synthetic run; the first one coordinates. */
export interface ServerTask {
  readonly run: SyntheticRun;
  /** How tensors travel: over the lane, over a Unix socket, or over gRPC alone. */
  readonly transport: 'lane' | 'unix' | 'grpc';
  readonly socketPath: string;
  /** Where the lane listens and what port workers are told; null for one free port. */
  readonly lanePorts: { readonly own: number; readonly advertised: number } | null;
  readonly security: Security | null;
  readonly index: number;
  readonly shards: number;
  /** Where the shards behind the first are. */
  readonly shardAddresses: readonly string[];
}

const { run, transport, socketPath, lanePorts, security, index, shards, shardAddresses } = await taskOf<ServerTask>();
const recorder: RunRecorder = {
  step: async (facts) => ({ ...facts, ms: 0 }),
  save: async () => {},
  history: async () => [],
  lastSaved: () => null,
  saveFailure: () => null,
};
const places = { lane: { host: '127.0.0.1', port: lanePorts?.own ?? 0 }, unix: { path: socketPath }, grpc: undefined };
const lanePlace = places[transport];
const place = { index, shards };
const serving = {
  address: '127.0.0.1:0',
  ...(lanePlace !== undefined && { lane: lanePlace }),
  ...(lanePorts !== null && { advertisedLane: `:${lanePorts.advertised}` }),
  ...(await secure(security, 'serverFolder')),
};
const open = () => {
  const whole = syntheticRun(run);
  return { run: shards === 1 ? whole : shardOfRun(whole, place), pieces: shardPieces(whole, place) };
};

async function start(): Promise<{ address: string; laneAddress?: string; finished: Promise<unknown> }> {
  if (index > 0) {
    const none = tmpdir(); // nothing is saved
    return startShardServer({ ...place, ...serving, outDir: none, open: () => Promise.resolve(open()) });
  }
  const { run: own, pieces } = open();
  const others = { addresses: shardAddresses, pieces };
  return startParameterServer({ run: own, runId: 'bench', recorder, ...serving, ...(shards > 1 && { others }) });
}

const server = await start();
const usage = createUsage();
reply({ address: server.address, lane: server.laneAddress, pid: process.pid });
server.finished.then(
  () => reply({ ...usage(), done: 1 }),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
