import { startParameterServer } from '@llava-ts/exchange';
import type { RunRecorder } from '@llava-ts/trainer';
import { createUsage, reply, taskOf } from './crew.js';
import { syntheticRun, type SyntheticRun } from './synthetic-run.js';
import { secure, type Security } from './security.js';

/** A parameter server of a synthetic run. */
export interface ServerTask {
  readonly run: SyntheticRun;
  /** How tensors travel: over the lane, over a Unix socket, or over gRPC alone. */
  readonly transport: 'lane' | 'unix' | 'grpc';
  readonly socketPath: string;
  /** Where the lane listens and what port workers are told; null for one free port. */
  readonly lanePorts: { readonly own: number; readonly advertised: number } | null;
  readonly security: Security | null;
}

const { run, transport, socketPath, lanePorts, security } = await taskOf<ServerTask>();
const recorder: RunRecorder = {
  step: async (facts) => ({ ...facts, ms: 0 }),
  save: async () => {},
  history: async () => [],
  lastSaved: () => null,
  saveFailure: () => null,
};
const places = { lane: { host: '127.0.0.1', port: lanePorts?.own ?? 0 }, unix: { path: socketPath }, grpc: undefined };
const place = places[transport];
const server = await startParameterServer({
  run: syntheticRun(run),
  runId: 'bench',
  recorder,
  address: '127.0.0.1:0',
  ...(place !== undefined && { lane: place }),
  ...(lanePorts !== null && { advertisedLane: `:${lanePorts.advertised}` }),
  ...(await secure(security, 'serverFolder')),
});
const usage = createUsage();
reply({ address: server.address, lane: server.laneAddress, pid: process.pid });
server.finished.then(
  () => reply({ ...usage(), done: 1 }),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
