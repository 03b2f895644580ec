import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LlavaError } from '@llava-ts/telemetry';

/**
 * A fresh process that measures one thing on request. It is warm when it prints `{"ready": ...}`; each line `step` on its
 * input makes it do the work once and print `{"ms": ...}`; `end` makes it print `{"peakBytes": ...}` and exit.
 */
export interface Contestant {
  readonly name: string;
  /** Milliseconds of one more run. */
  step(): Promise<number>;
  /** Ends the process; the largest resident memory it ever had. */
  end(): Promise<number>;
  /** What it said when it was ready, e.g. a loss to compare. */
  readonly ready: Readonly<Record<string, number>>;
}

/** Where a measurement may run: on the first so many cores (with Linux's taskset), on all unless given. */
export interface Pinning {
  readonly cores?: number;
}

/** Starts one of our measurements, compiled beside this file. */
export function startOurs(
  name: string,
  script: string,
  args: readonly string[] = [],
  pinning: Pinning = {},
): Promise<Contestant> {
  return start(name, [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args], pinning);
}

/** Starts the peer's measurement with the given Python. */
export function startPeer(
  name: string,
  python: string,
  script: string,
  args: readonly string[] = [],
): Promise<Contestant> {
  return startPinnedPeer({ name, python, script, args });
}

/** The same on some of the cores. */
export function startPinnedPeer(
  peer: Pinning & { name: string; python: string; script: string; args: readonly string[] },
): Promise<Contestant> {
  const script = fileURLToPath(new URL(`../peers/${peer.script}`, import.meta.url));
  return start(peer.name, [peer.python, script, ...peer.args], peer);
}

async function start(name: string, words: readonly string[], { cores }: Pinning): Promise<Contestant> {
  const pin = cores === undefined ? [] : ['taskset', '--cpu-list', `0-${cores - 1}`];
  const [command = '', ...args] = [...pin, ...words];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, number>> => {
    for (;;) {
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
      if (done === true) throw new LlavaError('unavailable', `Benchmark '${name}' ended early: ${complaint(errors)}`);
      if (value.startsWith('{')) return JSON.parse(value) as Record<string, number>;
    }
  };
  const ask = (word: string): Promise<Record<string, number>> => {
    child.stdin.write(`${word}\n`);
    return answer();
  };
  const ready = await answer();
  return {
    name,
    ready,
    step: async () => (await ask('step'))['ms'] ?? NaN,
    end: async () => (await ask('end'))['peakBytes'] ?? NaN,
  };
}

/** The line of a failed process's standard error that says why: Node prints its version last, Python the error. */
function complaint(errors: string): string {
  const lines = errors.trim().split('\n');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'no message';
}

/** The other end of the protocol, for our own measurements. */
export async function serve(ready: Readonly<Record<string, number>>, step: () => void | Promise<void>): Promise<void> {
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'end') {
      process.stdout.write(`${JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 })}\n`);
      process.exit(0);
    }
    const started = performance.now();
    await step();
    process.stdout.write(`${JSON.stringify({ ms: performance.now() - started })}\n`);
  }
}

/** Interleaved runs, so that a drift of the machine hits everyone alike. @returns milliseconds per contestant, one per round */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
  onRound: (round: number) => void,
): Promise<Map<string, number[]>> {
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    onRound(round);
    for (const contestant of contestants) times.get(contestant.name)?.push(await contestant.step());
  }
  return times;
}

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
