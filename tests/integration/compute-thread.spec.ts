import { startComputeThread } from '@llava-ts/engine';
import type { ComputeThread } from '@llava-ts/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SIZE = 512;
let thread: ComputeThread;

beforeAll(async () => {
  thread = await startComputeThread(new URL('./compute-thread-module.mjs', import.meta.url), { size: SIZE });
});
afterAll(async () => {
  await thread.stop();
});

describe('a compute thread', () => {
  it('computes and hands the result over', async () => {
    const y = await thread.call<Float32Array>('product', new Float32Array(SIZE * SIZE).fill(0.5));
    expect(y).toHaveLength(SIZE * SIZE);
    expect(y[0]).toBe(SIZE / 4);
  });

  it('leaves the event loop of the other thread free while it computes', async () => {
    const gaps: number[] = [];
    let last = performance.now();
    const timer = setInterval(() => {
      gaps.push(performance.now() - last);
      last = performance.now();
    }, 5);
    const started = performance.now();
    await thread.call('many', { x: new Float32Array(SIZE * SIZE), times: 100 });
    const elapsed = performance.now() - started;
    clearInterval(timer);
    expect(gaps.length).toBeGreaterThan(elapsed / 5 / 4); // at least a quarter of the ticks, on a busy machine
  });

  it('passes an error on with its code and message', async () => {
    await expect(thread.call('fail')).rejects.toMatchObject({ code: 'mismatch', message: 'two things differ' });
  });

  it('names a method that the module does not have', async () => {
    await expect(thread.call('missing')).rejects.toThrow("no method 'missing'");
  });

  it('fails to start, with the reason, when its module does', async () => {
    await expect(startComputeThread(new URL('./no-such-module.mjs', import.meta.url), {})).rejects.toThrow(
      'no-such-module',
    );
  });
});
