import { describe, expect, it } from 'vitest';
import type { BatchOrder, StepResult } from '../model/assistant-thread.js';
import { createBatcher } from './batcher.js';
import type { Batcher, Job } from './batcher.js';

/** Counts up from a prompt's only token; a row is at its limit after as many tokens as it is allowed. */
function countingAssistant(batches: number[][], ends: number[][] = []): Parameters<typeof createBatcher>[0] {
  let rows: { next: number; left: number; done: boolean }[] = [];
  return {
    batch: 3,
    images: 3,
    begin: async ({ ids, rows: options }: BatchOrder) => {
      batches.push(ids.map((prompt) => prompt[0] ?? 0));
      rows = ids.map((prompt, row) => ({ next: prompt[0] ?? 0, left: options[row]?.maxNewTokens ?? 1, done: false }));
    },
    step: async (ended): Promise<StepResult> => {
      await new Promise((resolve) => setImmediate(resolve));
      ends.push([...ended]);
      for (const row of ended) rows[row]!.done = true;
      const fresh = rows.map((row) => {
        if (row.done) return [];
        row.left -= 1;
        row.done = row.left === 0;
        return [(row.next += 1)];
      });
      return { ids: fresh, stopped: rows.map(({ done }) => (done ? 'length' : null)) };
    },
  };
}

const NEVER = new AbortController().signal;

function job(first: number, more: Partial<Job> & { tokens?: number; pictures?: number } = {}): Job {
  const pictures = Array.from({ length: more.pictures ?? 0 }, () => new Float32Array(1));
  return {
    prompt: { ids: Int32Array.of(first), pictures },
    options: { maxNewTokens: more.tokens ?? 2 },
    onToken: () => true,
    signal: NEVER,
    ...more,
  };
}

function batcher(assistant: Parameters<typeof createBatcher>[0], maxWaiting = 10): Batcher {
  return createBatcher(assistant, { maxWaiting, gatherMs: 0, now: () => 0 });
}

describe('a batcher', () => {
  it('answers together what waits together, in the order in which it came, as far as rows and pictures allow', async () => {
    const batches: number[][] = [];
    const line = batcher(countingAssistant(batches));
    const seen: number[] = [];
    const jobs = [
      job(10, { onToken: (id) => seen.push(id) > 0 }),
      job(20, { pictures: 2 }),
      job(30, { pictures: 2 }),
      ...[40, 50, 60].map((first) => job(first)),
    ];
    expect(await Promise.all(jobs.map((one) => line.submit(one)))).toEqual(jobs.map(() => 'length'));
    expect(batches).toEqual([[10, 20], [30, 40, 50], [60]]);
    expect(seen).toEqual([11, 12]);
  });

  it('ends a row when its reader has enough or goes away, and a job that waits leaves the queue', async () => {
    const [batches, ends]: number[][][] = [[], []];
    const line = batcher(countingAssistant(batches!, ends));
    const gone = new AbortController();
    const goneWaiting = new AbortController();
    const enough = line.submit(job(10, { tokens: 9, onToken: () => false }));
    const left = line.submit(job(20, { tokens: 9, signal: gone.signal, onToken: () => (gone.abort(), true) }));
    const whole = line.submit(job(30, { tokens: 3 }));
    const waiting = line.submit(job(40, { signal: goneWaiting.signal }));
    goneWaiting.abort();
    const ended = await Promise.allSettled([enough, left, whole, waiting]);
    expect(ended).toMatchObject([
      { value: 'stop' },
      { reason: { code: 'cancelled' } },
      { value: 'length' },
      { reason: { code: 'cancelled' } },
    ]);
    expect(batches).toEqual([[10, 20, 30]]);
    expect(ends![1]).toEqual([0, 1]);
  });

  it('refuses what it has no place for, and everything once it closes', async () => {
    const line = batcher(countingAssistant([]), 2);
    const kept = [line.submit(job(1)), line.submit(job(2))];
    await expect(line.submit(job(3))).rejects.toThrow('2 requests wait already');
    const closed = line.close();
    await expect(line.submit(job(4))).rejects.toThrow('shutting down');
    expect(await Promise.all(kept)).toEqual(['length', 'length']);
    await closed;
  });
});
