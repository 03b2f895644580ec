import { encodeSample, loadPixels, loadTokenizer, renderPrompt } from '@llava-ts/data';
import type { Turn, Tokenizer } from '@llava-ts/data';
import { startComputeThread } from '@llava-ts/engine';
import { imageTokens } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import { readModelFormat, readPreprocessing } from '@llava-ts/trainer';
import type { BatchOrder, StepResult, ThreadModel, ThreadOrder } from './assistant-thread.js';

/** A prompt as the model takes it. */
export interface EncodedPrompt {
  /** `[tokens]`, pictures expanded. */
  readonly ids: Int32Array;
  /** One per picture, `[3 * imageSizePx * imageSizePx]`. */
  readonly pictures: readonly Float32Array[];
}

/** A conversation that waits for an answer; each `<image>` in its turns stands for the next picture. */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** Bytes of picture files, in the order of the turns. */
  readonly pictures: readonly Uint8Array[];
}

/** A model in a thread of its own. */
export interface Assistant {
  readonly tokenizer: Tokenizer;
  /** Tokens that end an answer. */
  readonly eosIds: readonly number[];
  /** Prompts that are answered together, and pictures that they can hold together. */
  readonly batch: number;
  readonly images: number;
  readonly maxNewTokens: number;
  /** @throws LlavaError `bad-input` or `corrupt` for a picture that cannot be read and a conversation that is too long */
  encode(conversation: Conversation): Promise<EncodedPrompt>;
  /** Begins a batch, which replaces the one before. */
  begin(batch: BatchOrder): Promise<void>;
  /** One token for every row that is not done. @param ended rows that end here */
  step(ended: readonly number[]): Promise<StepResult>;
  close(): Promise<void>;
}

/**
 * Loads a model folder into a thread that computes; this one stays free for callers.
 * @throws LlavaError what loading the model, its tokenizer and TensorFlow throws
 */
export async function openAssistant(order: ThreadOrder): Promise<Assistant> {
  const [{ template, imageAspect: aspect }, tokenizer] = await Promise.all([
    readModelFormat(order.folder),
    loadTokenizer(order.folder),
  ]);
  const thread = await startComputeThread(new URL('./assistant-thread.js', import.meta.url), order);
  const { config, eosIds, promptTokens, maxNewTokens } = await thread.call<ThreadModel>('describe');
  const preprocessing = await readPreprocessing(order.folder, { sizePx: config.vision.imageSizePx, aspect });
  return {
    tokenizer,
    eosIds: [...new Set([tokenizer.eosId, ...eosIds])],
    batch: order.batch,
    images: order.images,
    maxNewTokens,
    async encode({ turns, pictures }) {
      const segments = renderPrompt(turns, template);
      const { ids, imageSpans } = encodeSample(segments, tokenizer, {
        imageTokens: imageTokens(config),
        contextTokens: promptTokens,
        name: 'messages',
      });
      const used = imageSpans.length; // template plain takes exactly one
      if (used !== pictures.length)
        throw new LlavaError('bad-input', `messages: this model takes ${used} picture(s) here, got ${pictures.length}`);
      const pixels = pictures.map((bytes, index) => loadPixels(bytes, preprocessing, `picture ${index + 1}`));
      return { ids, pictures: await Promise.all(pixels) };
    },
    begin: (batch) => thread.call('begin', batch),
    step: (ended) => thread.call('step', ended),
    close: thread.stop,
  };
}
