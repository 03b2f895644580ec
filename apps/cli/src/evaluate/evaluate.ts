import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';

import { digestWeights, readJson, writeAtomic } from '@llava-ts/checkpoint';
import { loadTokenizer, readSamples } from '@llava-ts/data';
import type { Sample } from '@llava-ts/data';
import { loadTensorflow } from '@llava-ts/engine';
import { loadLlava } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import { askSamples, captionLoss, openExaminee, readModelFormat, readPreprocessing } from '@llava-ts/trainer';

import { openAnswerLog } from './answer-log.js';
import type { AnswerLog } from './answer-log.js';
import type { Judge } from './judge.js';
import { evaluationPage } from './report-page.js';
import { score } from './score.js';
import type { AnsweredQuestion, Scores, Task } from './score.js';

/** What is asked and how it is measured. */
export interface EvaluateOptions {
  readonly model: string;
  /** A LLaVA JSON file; an entry's `answers` are all that people said, else its last turn is the truth. */
  readonly data: string;
  readonly images?: string;
  readonly task: Task;
  readonly blind: boolean;
  readonly out?: string;
  readonly limit?: number;
  readonly maxNewTokens: number;
  readonly judge?: Judge;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

/** What was found; the file `result.json` holds the same. */
export interface Evaluation {
  readonly task: Task;
  readonly questions: number;
  readonly scores: Scores;
  readonly configuration: Readonly<Record<string, unknown>>;
}

const BATCH = 8;
const WORD_TOKENS = 512;

/**
 * Evaluates a model. With `out` the answers are kept as they come, and asked for only once.
 * @throws LlavaError what loading throws; `cancelled` when the signal fires, with all answers kept
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { model, data, task, blind, out, limit } = options;
  const samples = (await readSamples(data)).slice(0, limit);
  const images = options.images ?? dirname(data);
  const modelDigest = await digestWeights(model);
  const dataDigest = `sha256:${hash(JSON.stringify(samples))}`;
  const { maxNewTokens } = options;
  const configuration = { task, model, modelDigest, data, dataDigest, blind, maxNewTokens };
  const answers =
    task === 'loss' ? [] : await answerAll(options, { samples, images, modelDigest, truths: await readTruths(data) });
  const scores = task === 'loss' ? await measureLoss(options, samples, images) : score(task, answers);
  const evaluation = { task, questions: samples.length, scores, configuration };
  if (out !== undefined) {
    await writeAtomic(join(out, 'result.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
    await writeAtomic(join(out, 'report.html'), await evaluationPage({ ...evaluation, answers, images }));
  }
  return evaluation;
}

interface Questions {
  readonly samples: readonly Sample[];
  readonly images: string;
  readonly modelDigest: string;
  readonly truths: ReadonlyMap<string, readonly string[]>;
}

async function answerAll(options: EvaluateOptions, questions: Questions): Promise<AnsweredQuestion[]> {
  const { samples, modelDigest, truths } = questions;
  const { blind, maxNewTokens, task } = options;
  const log = await openAnswerLog(options.out === undefined ? null : join(options.out, 'answers.jsonl'));
  const key = (sample: Sample): string =>
    hash(JSON.stringify([modelDigest, sample, truths.get(sample.id), blind, maxNewTokens, task === 'judge']));
  const open = samples.filter((sample) => !log.known.has(key(sample)));
  if (open.length > 0) await answerOpen(options, { ...questions, samples: open }, { log, key });
  return samples.flatMap((sample) => log.known.get(key(sample)) ?? []);
}

async function answerOpen(
  { model, blind, maxNewTokens, judge, onProgress, signal }: EvaluateOptions,
  { samples, images, truths }: Questions,
  { log, key }: { log: AnswerLog; key: (sample: Sample) => string },
): Promise<void> {
  const { contextTokens, imageTokens } = await contextOf(model);
  const limit = Math.min(maxNewTokens, Math.floor(contextTokens / 4));
  const promptTokens = Math.min(contextTokens - limit, imageTokens + WORD_TOKENS);
  const examinee = await openExaminee(model, { batch: BATCH, promptTokens, maxNewTokens: limit });
  try {
    for (let first = 0; first < samples.length; first += BATCH) {
      if (signal.aborted) throw new LlavaError('cancelled', `stopped after ${log.known.size} answers, which are kept`);
      const asked = samples.slice(first, first + BATCH);
      const given = await askSamples(examinee, asked, { samples, images, blind, signal });
      for (const [row, sample] of asked.entries()) {
        const [question, truth] = sample.conversations.slice(-2);
        if (truth?.from !== 'gpt')
          throw new LlavaError('bad-input', `sample ${sample.id}: expected its last turn to be an answer, from 'gpt'`);
        const answered = {
          id: sample.id,
          ...(sample.image !== undefined && { image: sample.image }),
          question: (question?.value ?? '').replace('<image>', '').trim(),
          truths: truths.get(sample.id) ?? [truth.value],
          answer: given[row] ?? '',
        };
        await log.add(key(sample), { ...answered, ...(judge && { judged: await judge(answered) }) });
      }
      onProgress({ task: 'evaluation', done: first + asked.length, total: samples.length, unit: 'questions' });
    }
  } finally {
    examinee.session.dispose();
  }
}

async function contextOf(model: string): Promise<{ contextTokens: number; imageTokens: number }> {
  const { openLlava, imageTokens } = await import('@llava-ts/llava');
  const opened = await openLlava(model);
  try {
    return { contextTokens: opened.config.decoder.maxTokens, imageTokens: imageTokens(opened.config) };
  } finally {
    await opened.close();
  }
}

async function measureLoss(options: EvaluateOptions, samples: readonly Sample[], images: string): Promise<Scores> {
  await loadTensorflow();
  const [loaded, tokenizer, { template, imageAspect: aspect }] = await Promise.all([
    loadLlava(options.model),
    loadTokenizer(options.model),
    readModelFormat(options.model),
  ]);
  const preprocessing = await readPreprocessing(options.model, { sizePx: loaded.config.vision.imageSizePx, aspect });
  const lossNats = await captionLoss({
    model: loaded,
    tokenizer,
    template,
    preprocessing,
    samples,
    images,
    microBatchSamples: BATCH,
    bucketTokens: [Math.min(loaded.config.decoder.maxTokens, 2048)],
    blind: options.blind,
  });
  return { lossNats, perplexity: Math.exp(lossNats) };
}

/** The `answers` of entries that have several, by id. */
async function readTruths(file: string): Promise<Map<string, readonly string[]>> {
  const entries = file.endsWith('.json') ? await readJson(file) : [];
  const list = Array.isArray(entries) ? (entries as { id?: unknown; answers?: unknown }[]) : [];
  return new Map(
    list.flatMap(({ id, answers }) => (Array.isArray(answers) ? [[String(id), answers.map(String)] as const] : [])),
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
