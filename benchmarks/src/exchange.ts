import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interleave, median, startPeer } from './contestant.js';
import { measureIperf } from './exchange/iperf.js';
import { measure, measureBareStream, type Measured, type Scenario } from './exchange/measure.js';
import { createSecurity } from './exchange/security.js';
import { printTable } from './table.js';

/** 256 MB of float32. */
const PARAMETERS = 64 * 2 ** 20;
const BYTES = 4 * PARAMETERS;
const STEPS = 5;
const BARE_ROUNDS = 8;
const PEER_ROUNDS = 5;

type Results = ReadonlyMap<string, Measured>;

/** `npm run bench -- exchange`: pull, push and apply of 256 MB between processes, against a bare node:net stream and torch's gloo. */
export async function benchExchange({ peer, json }: { peer?: string; json?: boolean }): Promise<void> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'llava-bench-'));
  try {
    const bare = [await measureBareStream(BYTES, BARE_ROUNDS)];
    const results = new Map<string, Measured>();
    for (const scenario of await scenarios(folder)) {
      const measured = await measure(scenario);
      results.set(scenario.name, measured);
      const { pullMs, pushMs, stepMs } = measured;
      say(`${scenario.name}: pull ${pullMs.toFixed(0)} ms, push ${pushMs.toFixed(0)} ms, step ${stepMs.toFixed(0)} ms`);
    }
    bare.push(await measureBareStream(BYTES, BARE_ROUNDS)); // at both ends of the run, so that a drift of the machine shows
    const iperf = await measureIperf(BYTES);
    const gloo = peer === undefined ? null : await measureGloo(peer, say);
    report({ results, bare: bare.flat(), gloo, iperf }, json === true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function scenarios(folder: string): Promise<Scenario[]> {
  const base: Scenario = {
    name: '1 worker',
    parameters: PARAMETERS,
    workers: 1,
    shards: 1,
    transport: 'lane',
    encoding: 'float32',
    steps: STEPS,
    computeMs: 0,
    delayMs: null,
    security: null,
    socketPath: join(folder, 'lane'),
  };
  const security = await createSecurity(join(folder, 'tls'));
  return [
    base,
    { ...base, name: '2 workers', workers: 2 },
    { ...base, name: '4 workers', workers: 4, steps: 3 },
    { ...base, name: '1 worker, 2 shards', shards: 2 },
    { ...base, name: '2 workers, 2 shards', workers: 2, shards: 2, steps: 3 },
    { ...base, name: '1 worker, gRPC', transport: 'grpc' },
    { ...base, name: '2 workers, gRPC', workers: 2, transport: 'grpc' },
    { ...base, name: '1 worker, Unix socket', transport: 'unix' },
    { ...base, name: '1 worker, bfloat16', encoding: 'bfloat16' },
    { ...base, name: '1 worker, mutual TLS', security },
    { ...base, name: '1 worker, proxy', delayMs: 0, steps: 3 },
    { ...base, name: '1 worker, 2 ms', delayMs: 1, steps: 3 },
    { ...base, name: '1 worker, 10 ms', delayMs: 5, steps: 3 },
    { ...base, name: '1 worker, gRPC, 2 ms', delayMs: 1, steps: 3, transport: 'grpc' },
  ];
}

/** Milliseconds of an all-reduce of 256 MB among processes and a fused AdamW step in each, by number of processes. */
async function measureGloo(peer: string, say: (text: string) => void): Promise<Map<number, number>> {
  const measured = new Map<number, number>();
  for (const processes of [1, 2]) {
    say(`gloo, ${processes} processes`);
    const contestant = await startPeer('gloo', peer, 'exchange.py', [String(processes), String(PARAMETERS)]);
    const times = await interleave([contestant], PEER_ROUNDS, () => {});
    await contestant.end();
    measured.set(processes, median(times.get('gloo') ?? []));
  }
  return measured;
}

interface Outcome {
  readonly results: Results;
  readonly bare: readonly number[];
  readonly gloo: ReadonlyMap<number, number> | null;
  readonly iperf: number | null;
}

function report({ results, bare, gloo, iperf }: Outcome, json: boolean): void {
  const bareMs = median(bare);
  const of = (name: string): Measured | undefined => results.get(name);
  const share = (ms: number | undefined): number => bareMs / (ms ?? NaN);
  const [one, direct, delayed] = [of('1 worker'), of('1 worker, proxy'), of('1 worker, 2 ms')];
  const moved = (measured: Measured | undefined): number => (measured?.pullMs ?? NaN) + (measured?.pushMs ?? NaN);
  const result = {
    bareGbPerS: BYTES / bareMs / 1e6,
    iperf3GbPerS: iperf,
    push: { shareOfTcp: share(one?.pushMs), overGrpc: share(of('1 worker, gRPC')?.pushMs) },
    pull: { shareOfTcp: share(one?.pullMs), overGrpc: share(of('1 worker, gRPC')?.pullMs) },
    gloo: gloo === null ? null : { ratio: (of('2 workers')?.stepMs ?? NaN) / (gloo.get(2) ?? NaN), ms: gloo.get(2) },
    delay2ms: { share: moved(direct) / moved(delayed), shareOfDirect: moved(one) / moved(delayed) },
    delay10ms: { share: moved(direct) / moved(of('1 worker, 10 ms')) },
    peakBytesPerShard: of('2 workers')?.serverPeakBytes,
    peakLimitBytes: 5 * BYTES + 256e6, // 3 times the parameters, two moments, and 256 MB
    peakBytes1Worker: one?.serverPeakBytes,
    peakBytes4Workers: of('4 workers')?.serverPeakBytes,
  };
  if (json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  printTable(
    ['256 MB', 'pull ms', 'of TCP', 'push ms', 'of TCP', 'step ms', 'CPU s/GB', 'server MiB', 'worker MiB'],
    [...results].map(([name, measured]) => [
      name,
      measured.pullMs.toFixed(0),
      `${(100 * share(measured.pullMs)).toFixed(0)} %`,
      measured.pushMs.toFixed(0),
      `${(100 * share(measured.pushMs)).toFixed(0)} %`,
      measured.stepMs.toFixed(0),
      measured.cpuPerGb.toFixed(2),
      (measured.serverPeakBytes / 2 ** 20).toFixed(0),
      (measured.workerPeakBytes / 2 ** 20).toFixed(0),
    ]),
  );
  process.stdout.write(`bare node:net stream: ${bareMs.toFixed(0)} ms, ${result.bareGbPerS.toFixed(2)} GB/s\n`);
  process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
}
