/** A random source that a seed decides. */
export interface Dice {
  /** A whole number from 0, below the limit. */
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
}

/** Mulberry32: small, and the same on every machine. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit) => Math.floor(next() * limit),
    pick: (choices) => choices[Math.floor(next() * choices.length)] as (typeof choices)[number],
  };
}

/** Bytes with anything in them. */
export function randomBytes(dice: Dice, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.below(256)));
}

/** A message with a byte changed, its end cut off, or something behind it. */
export function mutate(dice: Dice, message: Buffer): Buffer {
  const copy = Buffer.from(message);
  switch (dice.below(3)) {
    case 0:
      if (copy.length > 0) copy[dice.below(copy.length)] = dice.below(256);
      return copy;
    case 1:
      return copy.subarray(0, dice.below(copy.length + 1));
    default:
      return Buffer.concat([copy, randomBytes(dice, dice.below(64))]);
  }
}

const TEXTS = [
  '',
  'a',
  'bench',
  '../../etc/passwd',
  '/dev/zero',
  'a\nb',
  '\u0000',
  '%s%n',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  'y'.repeat(100_000),
];
const NUMBERS = [0, 1, 2, 63, 1000, 2 ** 31 - 1, 2 ** 32 - 1];
const LONGS = [...NUMBERS, 2 ** 53, 2 ** 60];
const DOUBLES = [0, 1, -1, NaN, Infinity, 1e308];

/** Fields of all messages of the protocol at once, with values that somebody may not have thought of: an encoder takes those that it knows. */
export function nastyMessage(dice: Dice): Record<string, unknown> {
  const text = (): string => dice.pick(TEXTS);
  const number = (): number => dice.pick(NUMBERS);
  const long = (): number => dice.pick(LONGS);
  const member = { runId: dice.pick(['bench', text()]), generation: long(), incarnation: text() };
  const lease = { stage: number(), step: number(), lease: number() };
  const fingerprint = {
    protocolVersion: dice.pick([1, 1, number()]),
    configDigest: text(),
    frozenDigest: text(),
    engineVersion: text(),
  };
  const timingsMs = Object.fromEntries(
    Array.from({ length: dice.below(40) }, (_, i) => [`${text().slice(0, 20)}${i}`, dice.pick(DOUBLES)]),
  );
  const header = {
    member,
    lease,
    version: long(),
    encoding: dice.below(4),
    layoutDigest: text(),
    labelTokens: long(),
    lossSum: dice.pick(DOUBLES),
    timingsMs,
  };
  const commit = { bytes: long(), crc32: number(), laneHash: number() };
  const request = { member, stage: number(), version: long(), haveVersion: long(), encoding: dice.below(4) };
  const only = dice.pick<Record<string, unknown>>([
    { header },
    { push: header },
    { chunk: { offset: long(), data: randomBytes(dice, dice.below(2000)) } },
    { commit },
    { pull: request },
    {
      hello: {
        member,
        holding: Array.from({ length: dice.below(2000) }, () => lease),
        protocolVersion: number(),
        token: text(),
      },
    },
    { heartbeat: { sequence: long(), phase: dice.below(9), residentBytes: long(), device: text(), lastError: text() } },
    { ready: { fingerprint, preparedStage: number() } },
    { release: { lease, reason: text(), failed: true } },
    { leave: { reason: text() } },
    {},
  ]);
  return { ...request, worker: text(), incarnation: text(), fingerprint, intervalMs: number(), ...only };
}
