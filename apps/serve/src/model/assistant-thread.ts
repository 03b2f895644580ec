import { loadTensorflow } from '@llava-ts/engine';
import { createLlavaSession, imageTokens, loadLlava } from '@llava-ts/llava';
import type { Generation, GrowingAnswer, LlavaConfig, RowOptions } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';

/** Which model the thread loads, and how much it answers at once. */
export interface ThreadOrder {
  readonly folder: string;
  /** Prompts that are answered together. */
  readonly batch: number;
  /** Pictures that the prompts of a batch can hold together. */
  readonly images: number;
  /** Room for words in a prompt, beside `promptImages` pictures. */
  readonly wordTokens: number;
  readonly promptImages: number;
  readonly maxNewTokens: number;
  readonly precision: 'float32' | 'bfloat16';
}

/** A loaded model's sizes: the asked ones, as far as its context allows. */
export interface ThreadModel {
  readonly config: LlavaConfig;
  readonly eosIds: readonly number[];
  readonly promptTokens: number;
  readonly maxNewTokens: number;
}

/** Prompts to answer together. */
export interface BatchOrder {
  readonly ids: readonly Int32Array[];
  /** Of all pictures in the order of the prompts, `[images * 3 * imageSizePx * imageSizePx]`. */
  readonly pixels: Float32Array;
  readonly rows: readonly RowOptions[];
}

/** What a step has brought. */
export interface StepResult {
  /** New tokens by row; none for rows that are done. */
  readonly ids: readonly (readonly number[])[];
  /** Why a row is done; null while it is not. */
  readonly stopped: readonly GrowingAnswer['stopped'][];
}

/** The module of the compute thread: TensorFlow and the model live here, see `startComputeThread` of `@llava-ts/engine`. */
export async function create(argument: unknown): Promise<Record<string, (argument: unknown) => unknown>> {
  const order = argument as ThreadOrder;
  await loadTensorflow();
  const { config, weights, tokens } = await loadLlava(order.folder);
  const sizes = fitSizes(config, order);
  const session = createLlavaSession({ config, weights, ...order, ...sizes });
  let generation: Generation | null = null;
  let known: number[] = [];
  return {
    describe: (): ThreadModel => ({ config, eosIds: tokens.eosIds, ...sizes }),
    begin: (batch) => {
      const { ids, pixels, rows } = batch as BatchOrder;
      generation = session.begin({ ids, rows, ...(pixels.length > 0 && { pixels }) });
      known = ids.map(() => 0);
    },
    step: (ended): StepResult => {
      if (generation === null) throw new LlavaError('internal', 'a batch must begin before its steps');
      for (const row of ended as readonly number[]) generation.end(row);
      generation.step();
      const answers = generation.rows();
      const ids = answers.map((answer, row) => answer.ids.slice(known[row]));
      known = answers.map((answer) => answer.ids.length);
      return { ids, stopped: answers.map(({ stopped }) => stopped) };
    },
  };
}

/** At most a quarter of the context is for the answer, the rest for the prompt. */
function fitSizes(config: LlavaConfig, order: ThreadOrder): { promptTokens: number; maxNewTokens: number } {
  const { maxTokens } = config.decoder;
  const maxNewTokens = Math.min(order.maxNewTokens, Math.floor(maxTokens / 4));
  const wanted = order.promptImages * imageTokens(config) + order.wordTokens;
  return { maxNewTokens, promptTokens: Math.min(maxTokens - maxNewTokens, wanted) };
}
