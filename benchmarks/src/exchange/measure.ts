import { createServer, type AddressInfo } from 'node:net';
import { median } from '../contestant.js';
import type { BareTask } from './bare-stream.js';
import { hire, type Hand } from './crew.js';
import type { ProxyTask } from './delay-proxy.js';
import type { Security } from './security.js';
import type { ServerTask } from './server.js';
import type { SyntheticRun } from './synthetic-run.js';
import type { WorkerTask } from './worker.js';

/** One way of exchanging, to be measured. */
export interface Scenario {
  readonly name: string;
  readonly parameters: number;
  readonly workers: number;
  /** Processes that the parameters are spread over. */
  readonly shards: number;
  readonly transport: ServerTask['transport'];
  readonly encoding: SyntheticRun['encoding'];
  readonly steps: number;
  /** Simulated device time of a lease. */
  readonly computeMs: number;
  /** Between workers and server, each way; null for no proxy. */
  readonly delayMs: number | null;
  readonly security: Security | null;
  readonly socketPath: string;
}

/** What came out: medians over steps, the first one left out. */
export interface Measured {
  readonly pullMs: number;
  readonly pushMs: number;
  /** From the end of a step to the end of the next. */
  readonly stepMs: number;
  /** Processor seconds of all processes per gigabyte that crossed the wire. */
  readonly cpuPerGb: number;
  /** Of the process of a shard that had most. */
  readonly serverPeakBytes: number;
  readonly workerPeakBytes: number;
}

const BYTES_PER_ELEMENT = { float32: 4, bfloat16: 2 };

/** Runs a scenario in processes of its own. */
export async function measure(scenario: Scenario): Promise<Measured> {
  const { parameters, workers, shards, steps, encoding, security, transport, socketPath, computeMs } = scenario;
  const hands: Hand[] = [];
  const engage = (script: string, task: object): Hand => {
    const hand = hire(script, task);
    hands.push(hand);
    return hand;
  };
  try {
    const lanePorts = await delayedLane(scenario, engage);
    const run = { parameters, workers, steps, encoding };
    const serve = (index: number, shardAddresses: readonly string[]): Hand => {
      const task = { run, transport, socketPath, lanePorts, security, index, shards, shardAddresses };
      return engage('./server.js', task satisfies ServerTask);
    };
    const others = Array.from({ length: shards - 1 }, (_, index) => serve(index + 1, []));
    const addresses = await Promise.all(others.map(async (other) => (await other.report('address')).address ?? ''));
    const server = serve(0, addresses);
    const { address = '' } = await server.report('address');
    const entry = await delayed(Number(address.split(':')[1]), scenario, engage);
    const team = Array.from({ length: workers }, (_, index) => {
      const task: WorkerTask = { address: `127.0.0.1:${entry}`, name: `w${index}`, computeMs, security };
      return engage('./worker.js', task);
    });
    const ends = await Promise.all([server, ...others, ...team].map((hand) => hand.report('done')));
    const bytes = steps * workers * parameters * (4 + BYTES_PER_ELEMENT[encoding]);
    const [serverEnds, workerEnds] = [ends.slice(0, shards), ends.slice(shards)];
    const leases = workerEnds.flatMap((end) => end.leases ?? []);
    const warm = leases.filter(({ step }) => step > 0);
    const stepEnds = Array.from({ length: steps }, (_, step) =>
      Math.max(...leases.filter((lease) => lease.step === step).map(({ atMs }) => atMs)),
    );
    return {
      pullMs: median(warm.map(({ pullMs }) => pullMs)),
      pushMs: median(warm.map(({ pushMs }) => pushMs)),
      stepMs: median(stepEnds.slice(1).map((end, index) => end - (stepEnds[index] ?? NaN))),
      cpuPerGb: (1e9 * ends.reduce((sum, end) => sum + (end['cpuSeconds'] ?? NaN), 0)) / bytes,
      serverPeakBytes: Math.max(...serverEnds.map((end) => end['peakBytes'] ?? NaN)),
      workerPeakBytes: Math.max(...workerEnds.map((end) => end['peakBytes'] ?? NaN)),
    };
  } finally {
    for (const hand of hands) hand.end();
  }
}

type Engage = (script: string, task: object) => Hand;

async function delayed(port: number, { delayMs }: Scenario, engage: Engage): Promise<number> {
  if (delayMs === null) return port;
  const proxy = engage('./delay-proxy.js', { port, delayMs } satisfies ProxyTask);
  return (await proxy.report('port'))['port'] ?? NaN;
}

async function delayedLane(scenario: Scenario, engage: Engage): Promise<ServerTask['lanePorts']> {
  if (scenario.delayMs === null || scenario.transport !== 'lane') return null;
  const own = await freePort();
  return { own, advertised: await delayed(own, scenario, engage) };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Milliseconds of bytes over a bare node:net stream between two processes, per round; the first one is left out. */
export async function measureBareStream(bytes: number, rounds: number): Promise<number[]> {
  const receiver = hire('./bare-stream.js', { bytes, rounds, port: null } satisfies BareTask);
  const { port = NaN } = await receiver.report('port');
  const sender = hire('./bare-stream.js', { bytes, rounds: rounds + 1, port } satisfies BareTask);
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) times.push((await sender.report('bareMs'))['bareMs'] ?? NaN);
  for (const hand of [receiver, sender]) hand.end();
  return times.slice(1);
}
