import { interleave, median, startOurs, startPeer } from './contestant.js';
import type { Contestant } from './contestant.js';
import { NEW_TOKENS, PROMPT_TOKENS } from './generate-contestant.js';
import { printTable } from './table.js';

const ROUNDS = 7;

/**
 * `npm run bench -- generate`: a prompt of 512 tokens and an answer of 128 through a decoder of 110 million parameters with its
 * cache, against `transformers.generate` in the same run. `first` ends with the first token; what the whole answer takes
 * longer is the time of decoding.
 */
export async function benchGenerate({ peer, json }: { peer?: string; json?: boolean }): Promise<void> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const contestants: Contestant[] = [];
  for (const part of ['first', 'all']) {
    contestants.push(await startOurs(`ours ${part}`, './generate-contestant.js', [part]));
    if (peer !== undefined) contestants.push(await startPeer(`transformers ${part}`, peer, 'generate.py', [part]));
  }
  const times = await interleave(contestants, ROUNDS, (round) => say(`round ${round + 1} of ${ROUNDS}`));
  const peaks = new Map<string, number>();
  for (const contestant of contestants) peaks.set(contestant.name, await contestant.end());
  const makers = peer === undefined ? ['ours'] : ['ours', 'transformers'];
  const speeds = makers.map((name) => ({ name, ...speedOf(name, times), peakBytes: peaks.get(`${name} all`) ?? NaN }));
  const [ours, theirs] = speeds;
  const ratio = (of: 'prefill' | 'decode'): number | null =>
    ours === undefined || theirs === undefined ? null : ours[of] / theirs[of];
  const result = {
    prefill: { ratio: ratio('prefill'), tokensPerSecond: ours?.prefill },
    decode: { ratio: ratio('decode'), tokensPerSecond: ours?.decode },
    firstTokenMs: ours?.firstTokenMs,
    peakBytesRatio: ours === undefined || theirs === undefined ? null : ours.peakBytes / theirs.peakBytes,
  };
  if (json === true) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  printTable(
    ['decoder, 110M parameters', 'first token, ms', 'prefill, tokens/s', 'decode, tokens/s', 'peak MiB'],
    speeds.map(({ name, firstTokenMs, prefill, decode, peakBytes }) => [
      name,
      firstTokenMs.toFixed(0),
      prefill.toFixed(0),
      decode.toFixed(1),
      (peakBytes / 2 ** 20).toFixed(0),
    ]),
  );
  process.stdout.write(`ratios: ${JSON.stringify(result)}\n`);
}

/** Medians over the rounds. */
function speedOf(
  name: string,
  times: ReadonlyMap<string, readonly number[]>,
): { firstTokenMs: number; prefill: number; decode: number } {
  const first = times.get(`${name} first`) ?? [];
  const whole = times.get(`${name} all`) ?? [];
  const decodeMs = median(whole.map((ms, round) => ms - (first[round] ?? NaN)));
  const firstTokenMs = median(first);
  return { firstTokenMs, prefill: (PROMPT_TOKENS / firstTokenMs) * 1e3, decode: (NEW_TOKENS / decodeMs) * 1e3 };
}
