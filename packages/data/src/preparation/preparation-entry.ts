import { workerData } from 'node:worker_threads';
import sharp from 'sharp';

import { openSampleSet } from '../sources/open-sample-set.js';
import { answerRequests } from '../threads/thread-pool.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import { createPreparation } from './preparation.js';
import type { Preparation, PreparedSample } from './preparation.js';
import type { PreparationOrder } from './preparation-threads.js';

/** A preparation thread: answers requests about one set of samples. */
const order = workerData as PreparationOrder;
sharp.concurrency(1); // the threads are the parallelism

async function open(): Promise<Preparation> {
  const [set, tokenizer] = await Promise.all([openSampleSet(order.parts, order.set), loadTokenizer(order.tokenizer)]);
  return createPreparation(set, tokenizer, order.rules);
}

let opened: Promise<Preparation> | null = null;
const preparation = (): Promise<Preparation> => (opened ??= open());

answerRequests(
  {
    encode: async (ordinals) => (await preparation()).encode(ordinals as number[]),
    pixels: async (ordinal) => (await preparation()).pixels(ordinal as number),
  },
  (result) => {
    const arrays =
      result instanceof Float32Array
        ? [result]
        : (result as PreparedSample[]).flatMap(({ ids, labels }) => [ids, labels]);
    return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
  },
);
