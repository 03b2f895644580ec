import type { Lease } from '@llava-ts/trainer';

/** What a worker of the model check computes from the parameters that it pulled. */
export interface IntegerResult {
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly labelTokens: number;
  readonly lossSum: number;
}

/**
 * Gradients of integers, a hash of the bits of each parameter and of each sample: one sample more or less, one parameter of another version, and
 * the next step differs everywhere. They are large enough for float32 to round their sums, so another order of leases shows too.
 */
export function integerResult(
  { first, count }: Pick<Lease, 'first' | 'count'>,
  parameters: ReadonlyMap<string, Float32Array>,
): IntegerResult {
  const gradients = new Map([...parameters].map(([name, values]) => [name, integerGradient(values, first, count)]));
  let labelTokens = 0;
  for (let sample = first; sample < first + count; sample++) labelTokens += (sample % 7) + 1;
  return { gradients, labelTokens, lossSum: labelTokens * 3 };
}

function integerGradient(values: Float32Array, first: number, count: number): Float32Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return Float32Array.from(bits, (parameter, index) => {
    let sum = 0;
    for (let sample = first; sample < first + count; sample++) sum += integer(parameter, sample * 1009 + index);
    return sum;
  });
}

/** An integer of up to 31 bits; how many differs from one to the next. */
function integer(a: number, b: number): number {
  let hash = Math.imul(a ^ (a >>> 15), 0x85ebca6b) ^ Math.imul(b + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >> (hash & 15);
}
