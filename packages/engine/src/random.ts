/** A seeded source of numbers: the same sequence for a seed on every machine. */
export interface Random {
  /** A number in [0, 1), 32 bits of it random. */
  uniform(): number;
  /** A number from the standard normal distribution (Box-Muller). */
  normal(): number;
  /** A whole number in [0, limit). */
  integer(limit: number): number;
}

/** Creates the seeded source (mulberry32: 32 bits of state, period 2^32; enough for data order and initial weights, not for secrets). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  let spare: number | null = null;

  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  return { uniform, normal, integer: (limit) => Math.floor(uniform() * limit) };
}
