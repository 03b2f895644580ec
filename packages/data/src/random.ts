/** A source of numbers; the engine's seeded source is one too. */
export interface RandomSource {
  /** A number in [0, 1). */
  uniform(): number;
  /** A whole number in [0, limit). */
  integer(limit: number): number;
}

/** Mixes one more whole number into a 32-bit state (murmur3's finaliser), so that near seeds give far sequences. */
function mix(state: number, value: number): number {
  let h = Math.imul(state ^ (value >>> 0), 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Creates a seeded source (mulberry32) that starts from one or several whole numbers, such as a seed and a sample's index:
 * the same sequence on every machine. Not for secrets.
 */
export function seededRandom(...seeds: readonly number[]): RandomSource {
  let state = seeds.reduce(mix, 0x2545f491);
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { uniform, integer: (limit) => Math.floor(uniform() * limit) };
}

/** One of the values, each as likely. */
export function pick<T>(random: RandomSource, values: readonly T[]): T {
  const value = values[random.integer(values.length)];
  if (value === undefined) throw new RangeError('pick needs at least one value');
  return value;
}

/** A copy in random order (Fisher-Yates). */
export function shuffled<T>(random: RandomSource, values: readonly T[]): T[] {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
