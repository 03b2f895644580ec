import { LlavaError } from '@llava-ts/telemetry';

import { seededRandom } from '../random.js';

const RULE = /^(first|last|random) (\d+(?:\.\d+)?)(%?)$/;

/**
 * Which records of a part are used.
 * @param rule `first N`, `last N` or `random N`; N is a number of records, or a share such as `10%`
 * @returns their ordinals in ascending order
 * @throws {LlavaError} `bad-input` for another rule, or more records than there are
 */
export function takeOrdinals(records: number, rule: string, seed: number): Uint32Array {
  const [, which, amount, percent] = RULE.exec(rule) ?? [];
  if (which === undefined)
    throw new LlavaError(
      'bad-input',
      `take: expected "first N", "last N" or "random N" (N may be a share such as 10%), got "${rule}"`,
    );
  const count = percent === '%' ? Math.round((records * Number(amount)) / 100) : Number(amount);
  if (!Number.isInteger(count) || count > records)
    throw new LlavaError(
      'bad-input',
      `take: "${rule}" of ${records} records; ask for a whole number of at most ${records}`,
    );
  if (which === 'random') return chooseRandom(records, count, seed);
  return Uint32Array.from({ length: count }, (_, at) => (which === 'first' ? at : records - count + at));
}

/**
 * The records of a part that counts `weight` times: all of them as often as the weight is whole, then a random share.
 * @returns ordinals, `round(records * weight)` of them
 */
export function weighOrdinals(ordinals: Uint32Array, weight: number, seed: number): Uint32Array {
  const total = Math.round(ordinals.length * weight);
  const whole = Math.floor(total / Math.max(1, ordinals.length));
  const rest = chooseRandom(ordinals.length, total - whole * ordinals.length, seed);
  const weighed = new Uint32Array(total);
  for (let copy = 0; copy < whole; copy++) weighed.set(ordinals, copy * ordinals.length);
  rest.forEach((at, index) => (weighed[whole * ordinals.length + index] = ordinals[at] as number));
  return weighed;
}

/** A random choice without repeats, ascending. */
function chooseRandom(records: number, count: number, seed: number): Uint32Array {
  const random = seededRandom(seed, records, count);
  const order = Uint32Array.from({ length: records }, (_, at) => at);
  for (let at = 0; at < count; at++) {
    const other = at + random.integer(records - at);
    const moved = order[at] as number;
    order[at] = order[other] as number;
    order[other] = moved;
  }
  return order.subarray(0, count).sort();
}
