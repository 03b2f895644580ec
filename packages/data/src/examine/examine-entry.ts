import { workerData } from 'node:worker_threads';
import sharp from 'sharp';

import { openSampleSet } from '../sources/open-sample-set.js';
import { answerRequests } from '../threads/thread-pool.js';
import { loadTokenizer } from '../tokenizer/load-tokenizer.js';
import { createExaminer } from './examine-sample.js';
import type { ExamineOrder } from './validate.js';
import type { Examined } from './finding.js';

/** A thread that examines samples of one set. */
const { parts, set, rules } = workerData as ExamineOrder;
sharp.concurrency(1); // the threads are the parallelism

type Examiner = (ordinal: number) => Promise<Examined>;

async function open(): Promise<Examiner> {
  const tokenizer = rules.tokenizer === null ? null : await loadTokenizer(rules.tokenizer);
  return createExaminer(await openSampleSet(parts, set), rules, tokenizer);
}

let opened: Promise<Examiner> | null = null;

answerRequests({
  examine: async (ordinals) => {
    const examine = await (opened ??= open());
    const examined: Examined[] = [];
    for (const ordinal of ordinals as number[]) examined.push(await examine(ordinal));
    return examined;
  },
});
