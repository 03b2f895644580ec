import { interleave, median, startOurs, startPeer } from './contestant.js';
import { printTable } from './table.js';

const ROUNDS = 9;
/** An AdamW step reads the parameter, two moments and the gradient, and writes all but the gradient. */
const BYTES_PER_PARAMETER = 7 * 4;

/** `npm run bench -- optimizer`: AdamW on 50 million parameters against torch's fused one and the memory's bandwidth. */
export async function benchOptimizer({ peer, json }: { peer?: string; json?: boolean }): Promise<void> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const contestants = [
    await startOurs('copy', './optimizer-contestant.js', ['copy']),
    await startOurs('ours AdamW', './optimizer-contestant.js', ['decay']),
    await startOurs('ours AdamW, no decay', './optimizer-contestant.js', ['plain']),
  ];
  if (peer !== undefined) {
    for (const mode of ['fused', 'default'])
      contestants.push(await startPeer(`torch AdamW ${mode}`, peer, 'optimizer.py', [mode]));
  }
  const times = await interleave(contestants, ROUNDS, (round) => say(`round ${round + 1} of ${ROUNDS}`));
  for (const contestant of contestants) await contestant.end();

  const ms = (name: string): number => median(times.get(name) ?? []);
  const speed = (name: string): number => 50e6 / ms(name) / 1e6; // G parameters/s
  const copyBandwidth = (2 * 50e6 * 4) / ms('copy') / 1e6; // GB/s
  const result = {
    gigaParametersPerSecond: speed('ours AdamW'),
    gigaParametersPerSecondWithoutDecay: speed('ours AdamW, no decay'),
    ratioToTorchFused: times.has('torch AdamW fused') ? ms('torch AdamW fused') / ms('ours AdamW') : null,
    ratioToTorchDefault: times.has('torch AdamW default') ? ms('torch AdamW default') / ms('ours AdamW') : null,
    shareOfCopyBandwidth: (speed('ours AdamW') * BYTES_PER_PARAMETER) / copyBandwidth,
  };
  if (json === true) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  printTable(
    ['AdamW, 50M parameters', 'ms (median)', 'G parameters/s'],
    contestants.map(({ name }) => [name, ms(name).toFixed(1), name === 'copy' ? '' : speed(name).toFixed(2)]),
  );
  process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
}
