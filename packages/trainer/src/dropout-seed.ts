import type { Lease } from './exchange-port.js';

/**
 * Draws what dropout leaves out in one micro-batch. It follows from the run's seed and the place of the micro-batch in the
 * run alone, so that any worker, and a resumed run, leaves out the same.
 * @returns int32 `[2]`
 */
export function dropoutSeed(
  seed: number,
  { stage, step, lease }: Pick<Lease, 'stage' | 'step' | 'lease'>,
  microBatch: number,
): Int32Array {
  return Int32Array.of(mix([seed, stage, step]), mix([seed, lease, microBatch]));
}

/** 32 bits of numbers, well mixed (the finaliser of MurmurHash3 after each). */
function mix(numbers: readonly number[]): number {
  return numbers.reduce((hash, number) => {
    let bits = (hash ^ number) + 0x9e3779b9;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return bits ^ (bits >>> 16);
  }, 0);
}
