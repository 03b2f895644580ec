import { join } from 'node:path';
import { encodeSample, loadPixels, renderPrompt } from '@llava-ts/data';
import type { Sample } from '@llava-ts/data';
import { imageTokens } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import type { Examinee } from './examinee.js';

/** The questions of an evaluation: samples whose last turn is the truth. */
export interface Examination {
  readonly samples: readonly Sample[];
  /** Folder that the samples' `image` is relative to. */
  readonly images: string;
  /** The blind control: every picture is replaced by one of the mean colour, which goes through the encoder like any other. */
  readonly blind?: boolean;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** One question with what was answered. */
export interface ExaminedAnswer {
  readonly id: string;
  readonly kind: string;
  readonly question: string;
  readonly truth: string;
  readonly answer: string;
  readonly correct: boolean;
}

/** What an evaluation found. */
export interface AnswerReport {
  /** Share of answers that are the truth, apart from case and outer space. */
  readonly accuracy: number;
  readonly perKind: Readonly<Record<string, { readonly accuracy: number; readonly count: number }>>;
  readonly answers: readonly ExaminedAnswer[];
}

/**
 * Asks all questions greedily and compares with the truth.
 * @throws {LlavaError} `bad-input` when a sample's last turn is no answer; what loading pictures throws
 */
export async function evaluateAnswers(examinee: Examinee, examination: Examination): Promise<AnswerReport> {
  const { samples, onProgress, blind = false } = examination;
  const answers: ExaminedAnswer[] = [];
  for (let first = 0; first < samples.length; first += examinee.batch) {
    const asked = samples.slice(first, first + examinee.batch);
    const given = await askSamples(examinee, asked, examination);
    answers.push(...asked.map((sample, row) => compare(sample, given[row] ?? '')));
    onProgress?.({
      task: blind ? 'blind control' : 'evaluation',
      done: answers.length,
      total: samples.length,
      unit: 'questions',
    });
  }
  return { accuracy: share(answers), perKind: byKind(answers), answers };
}

/** Asks some questions together, greedily; at most as many as the examinee takes. @returns the answers */
export async function askSamples(
  { session, tokenizer, template, preprocessing, config }: Examinee,
  samples: readonly Sample[],
  { images, blind, signal }: Examination,
): Promise<string[]> {
  const ids = samples.map(({ id, conversations }) => {
    const prompt = renderPrompt(conversations.slice(0, -1), template);
    return encodeSample(prompt, tokenizer, {
      imageTokens: imageTokens(config),
      contextTokens: config.decoder.maxTokens,
      name: `sample ${id}`,
    }).ids;
  });
  const pictures = samples.flatMap(({ image }) => image ?? []);
  const pixels = await Promise.all(pictures.map((image) => loadPixels(join(images, image), preprocessing)));
  const joined = new Float32Array(pixels.length * 3 * preprocessing.sizePx ** 2); // zeros are the mean colour
  if (!blind) pixels.forEach((values, picture) => joined.set(values, picture * values.length));
  const answers = await session.generate({ ids, pixels: joined, eosIds: [tokenizer.eosId], ...(signal && { signal }) });
  return answers.map((answer) => tokenizer.decode(answer.ids).trim());
}

function compare({ id, kind, conversations }: Sample, answer: string): ExaminedAnswer {
  const [question, truth] = conversations.slice(-2);
  if (question === undefined || truth?.from !== 'gpt')
    throw new LlavaError('bad-input', `sample ${id}: expected its last turn to be an answer, from 'gpt'`);
  const correct = normalised(answer) === normalised(truth.value);
  return {
    id,
    kind: kind ?? 'all',
    question: question.value.replace('<image>', '').trim(),
    truth: truth.value,
    answer,
    correct,
  };
}

function normalised(text: string): string {
  return text.trim().toLowerCase();
}

function share(answers: readonly ExaminedAnswer[]): number {
  return answers.length === 0 ? 0 : answers.filter(({ correct }) => correct).length / answers.length;
}

function byKind(answers: readonly ExaminedAnswer[]): AnswerReport['perKind'] {
  const kinds = [...new Set(answers.map(({ kind }) => kind))].sort();
  return Object.fromEntries(
    kinds.map((kind) => {
      const ofKind = answers.filter((answer) => answer.kind === kind);
      return [kind, { accuracy: share(ofKind), count: ofKind.length }];
    }),
  );
}
