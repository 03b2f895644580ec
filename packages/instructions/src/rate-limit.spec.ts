import { expect, test } from 'vitest';

import { createRateLimit, type RateLimits } from './rate-limit.js';

/** Takes as fast as the limit allows on a clock of its own; gives the times in milliseconds. */
async function times(limits: RateLimits, count: number, tokens: number, settle?: number): Promise<number[]> {
  let nowMs = 0;
  const limit = createRateLimit(limits, { now: () => nowMs, sleep: async (ms) => void (nowMs += ms) });
  const { signal } = new AbortController();
  const taken: number[] = [];
  for (let at = 0; at < count; at++) {
    await limit.take(tokens, signal);
    taken.push(nowMs);
    if (settle !== undefined) limit.settle(tokens, settle);
  }
  return taken;
}

test('requests per minute are kept in every minute, but for a second’s worth at the start', async () => {
  const taken = await times({ requestsPerMinute: 120, tokensPerMinute: null }, 400, 1000);
  for (const start of taken) {
    const inMinute = taken.filter((time) => time >= start && time < start + 60_000).length;
    expect(inMinute).toBeLessThanOrEqual(122);
  }
  expect(taken.at(-1)).toBeCloseTo((398 / 120) * 60_000, -1); // and made use of
});

test('tokens per minute are kept, and what was not used is given back', async () => {
  const full = await times({ requestsPerMinute: null, tokensPerMinute: 60_000 }, 50, 3000);
  expect(full.at(-1)).toBeCloseTo(49 * 3000 - 1000, -3);
  const half = await times({ requestsPerMinute: null, tokensPerMinute: 60_000 }, 50, 3000, 1500);
  expect((half.at(-1) ?? 0) / (full.at(-1) ?? 1)).toBeCloseTo(0.5, 1);
});

test('a pause holds back all that come after', async () => {
  let nowMs = 0;
  const clock = { now: () => nowMs, sleep: async (ms: number) => void (nowMs += ms) };
  const limit = createRateLimit({ requestsPerMinute: null, tokensPerMinute: null }, clock);
  limit.pause(5000);
  await limit.take(1, new AbortController().signal);
  expect(nowMs).toBe(5000);
});
