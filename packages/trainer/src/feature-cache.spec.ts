import { describe, expect, it } from 'vitest';
import { createFeatureCache } from './feature-cache.js';

const features = (size: number) => () => Promise.resolve(new Float32Array(size));

describe('feature cache', () => {
  it('computes a picture once, also when it is asked for twice at the same time', async () => {
    const cache = createFeatureCache(1000);
    let computed = 0;
    const compute = (): Promise<Float32Array> => {
      computed++;
      return Promise.resolve(new Float32Array(3));
    };
    await Promise.all([cache.get('a', compute), cache.get('a', compute)]);
    await cache.get('a', compute);
    expect(computed).toBe(1);
  });

  it('stays within its bytes and forgets what was used longest ago', async () => {
    const cache = createFeatureCache(80); // two pictures of 10 numbers
    await cache.get('a', features(10));
    await cache.get('b', features(10));
    await cache.get('a', features(10));
    await cache.get('c', features(10));
    expect(cache.bytes()).toBe(80);
    const again: string[] = [];
    for (const key of ['a', 'c', 'b']) {
      await cache.get(key, () => {
        again.push(key);
        return features(10)();
      });
    }
    expect(again).toEqual(['b']);
  });

  it('does not remember a failure', async () => {
    const cache = createFeatureCache(80);
    await expect(cache.get('a', () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
    expect(await cache.get('a', features(4))).toHaveLength(4);
  });
});
