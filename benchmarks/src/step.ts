import { interleave, median, startOurs, startPeer } from './contestant.js';
import type { Contestant } from './contestant.js';
import { printTable } from './table.js';

const ROUNDS = 9;
const PEERS = ['float32', 'bfloat16', 'float32 torch.compile'];

/** `npm run bench -- step`: one decoder training step, eager, compiled and in bfloat16, against PyTorch in the same run. */
export async function benchStep({ peer, json }: { peer?: string; json?: boolean }): Promise<void> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const contestants: Contestant[] = [];
  const add = async (started: Promise<Contestant>): Promise<void> => {
    const contestant = await started;
    say(`ready: ${contestant.name}`);
    contestants.push(contestant);
  };
  await add(startOurs('matrix product', './step-contestant.js', ['product']));
  for (const mode of ['eager', 'float32', 'bfloat16'])
    await add(startOurs(`ours ${mode}`, './step-contestant.js', [mode]));
  if (peer !== undefined) {
    for (const mode of PEERS) await add(startPeer(`torch ${mode}`, peer, 'step.py', mode.split(' ')));
  }
  const times = await interleave(contestants, ROUNDS, (round) => say(`round ${round + 1} of ${ROUNDS}`));
  const peaks = new Map<string, number>();
  for (const contestant of contestants) peaks.set(contestant.name, await contestant.end());
  report(contestants, times, peaks, json === true);
}

function report(
  contestants: readonly Contestant[],
  times: ReadonlyMap<string, number[]>,
  peaks: ReadonlyMap<string, number>,
  json: boolean,
): void {
  const ms = (name: string): number => median(times.get(name) ?? []);
  const rate = (name: string): number =>
    ((contestants.find((c) => c.name === name)?.ready['flops'] ?? NaN) / ms(name)) * 1e3;
  /** Medians of the ratios round by round: larger means that `name` is faster than `against`. */
  const ratio = (against: string, name: string): number | null => {
    const [theirs, ours] = [times.get(against), times.get(name)];
    return theirs === undefined || ours === undefined
      ? null
      : median(theirs.map((time, round) => time / (ours[round] as number)));
  };
  const memory = (a: string, b: string): number | null =>
    peaks.has(a) && peaks.has(b) ? (peaks.get(a) as number) / (peaks.get(b) as number) : null;
  const result = {
    float32: {
      ratio: ratio('torch float32', 'ours float32'),
      ratioToTorchCompile: ratio('torch float32 torch.compile', 'ours float32'),
      ms: ms('ours float32'),
    },
    bfloat16: { ratio: ratio('torch bfloat16', 'ours bfloat16'), ms: ms('ours bfloat16') },
    compiledOverEager: ratio('ours eager', 'ours float32'),
    peakBytesRatio: memory('ours float32', 'torch float32'),
    shareOfProductPeak: rate('ours float32') / rate('matrix product'),
    productGflops: rate('matrix product') / 1e9,
  };
  if (json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  const rows = contestants
    .filter(({ name }) => name !== 'matrix product')
    .map(({ name }) => [
      name,
      ms(name).toFixed(0),
      `${(rate('ours float32') > 0 ? (100 * ms('ours float32')) / ms(name) : NaN).toFixed(0)} %`,
      ((peaks.get(name) ?? NaN) / 2 ** 20).toFixed(0),
    ]);
  printTable(['training step', 'ms (median)', 'speed, ours float32 = 100 %', 'peak MiB'], rows);
  process.stdout.write(
    `matrix product peak ${result.productGflops.toFixed(0)} GFLOP/s; the compiled step reaches ${(100 * result.shareOfProductPeak).toFixed(0)} % of it\n`,
  );
  process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
}
