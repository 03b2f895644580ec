import type { MixturePart, SampleSetOptions } from '../sources/open-sample-set.js';
import { spareThreads, startThreadPool } from '../threads/thread-pool.js';
import type { Preparation, PreparationRules, PreparedSample } from './preparation.js';

/** What a thread needs to prepare any sample of a stage: plain data. */
export interface PreparationOrder {
  readonly parts: readonly MixturePart[];
  readonly set: Pick<SampleSetOptions, 'cacheDir' | 'seed' | 'quarantine'>;
  /** Folder of the tokenizer. */
  readonly tokenizer: string;
  readonly rules: PreparationRules;
}

/**
 * Prepares samples in threads of their own, so that reading, decoding and tokenising go on while a step is computed and the event loop stays free.
 * The results do not depend on the number of threads. The set must have been opened once before, so that its indexes exist.
 * @throws {LlavaError} what opening the samples and the tokenizer throws, with the first request
 */
export function startPreparationThreads(order: PreparationOrder, threads = spareThreads()): Preparation {
  const pool = startThreadPool(new URL('./preparation-entry.js', import.meta.url), order, threads);
  return {
    async encode(ordinals) {
      const size = Math.max(1, Math.ceil(ordinals.length / threads));
      const slices = Array.from({ length: Math.ceil(ordinals.length / size) }, (_, at) =>
        ordinals.slice(at * size, (at + 1) * size),
      );
      return (await Promise.all(slices.map((slice) => pool.ask<PreparedSample[]>('encode', slice)))).flat();
    },
    pixels: (ordinal) => pool.ask<Float32Array>('pixels', ordinal),
    close: () => pool.close(),
  };
}
