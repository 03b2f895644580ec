/** Remembers features of pictures, the most recently used ones, up to a number of bytes. */
export interface FeatureCache {
  /** The features of a key, computed at most once while they are remembered, also when several ask at the same time. */
  get(key: string, compute: () => Promise<Float32Array>): Promise<Float32Array>;
  /** Whether the features of a key are remembered, so that its picture need not be read. */
  has(key: string): boolean;
  bytes(): number;
}

/** Creates a cache of at most `maxBytes`, plus what is being computed. */
export function createFeatureCache(maxBytes: number): FeatureCache {
  const known = new Map<string, Float32Array>(); // in order of use, the oldest first
  const pending = new Map<string, Promise<Float32Array>>();
  let bytes = 0;

  function remember(key: string, features: Float32Array): void {
    known.set(key, features);
    bytes += features.byteLength;
    for (const [oldest, old] of known) {
      if (bytes <= maxBytes) break;
      known.delete(oldest);
      bytes -= old.byteLength;
    }
  }

  async function computeOnce(key: string, compute: () => Promise<Float32Array>): Promise<Float32Array> {
    try {
      const features = await compute();
      remember(key, features);
      return features;
    } finally {
      pending.delete(key);
    }
  }

  return {
    get(key, compute) {
      const hit = known.get(key);
      if (hit !== undefined) {
        known.delete(key);
        known.set(key, hit);
        return Promise.resolve(hit);
      }
      const running = pending.get(key) ?? computeOnce(key, compute);
      if (!known.has(key)) pending.set(key, running);
      return running;
    },
    has: (key) => known.has(key),
    bytes: () => bytes,
  };
}
