import { seededRandom } from '../random.js';

/** The order in which an epoch visits samples: a permutation of 0 to samples - 1 that depends on seed and epoch only. */
export function epochOrder(samples: number, seed: number, epoch: number): Uint32Array {
  const random = seededRandom(seed, epoch, samples);
  const order = Uint32Array.from({ length: samples }, (_, index) => index);
  for (let last = samples - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order;
}
