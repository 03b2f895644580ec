import { loadTokenizer } from '@llava-ts/data';
import type { Preprocessing, TemplateName, Tokenizer } from '@llava-ts/data';
import { loadTensorflow } from '@llava-ts/engine';
import { createLlavaSession, loadLlava } from '@llava-ts/llava';
import type { LlavaConfig, LlavaSession } from '@llava-ts/llava';
import { readModelFormat } from './export-model.js';
import { readPreprocessing } from './open-model.js';

/** A trained model with everything that is needed to ask it about picture files. */
export interface Examinee {
  readonly session: LlavaSession;
  readonly config: LlavaConfig;
  readonly tokenizer: Tokenizer;
  readonly template: TemplateName;
  readonly preprocessing: Preprocessing;
  /** Questions that are answered together. */
  readonly batch: number;
}

/** Sizes of an examinee's session. */
export interface ExamineeSizes {
  readonly batch: number;
  readonly promptTokens: number;
  readonly maxNewTokens: number;
}

/**
 * Opens a model folder for questions, in this thread. Dispose its session when done.
 * @throws {LlavaError} what loading the model, its tokenizer and TensorFlow throws
 */
export async function openExaminee(folder: string, sizes: ExamineeSizes): Promise<Examinee> {
  await loadTensorflow();
  const [{ config, weights }, tokenizer, { template, imageAspect }] = await Promise.all([
    loadLlava(folder),
    loadTokenizer(folder),
    readModelFormat(folder),
  ]);
  const preprocessing = await readPreprocessing(folder, { sizePx: config.vision.imageSizePx, aspect: imageAspect });
  const session = createLlavaSession({ config, weights, ...sizes });
  return { session, config, tokenizer, template, preprocessing, batch: sizes.batch };
}
