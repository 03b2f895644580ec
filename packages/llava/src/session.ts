import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { flattenTree } from '@llava-ts/engine';
import type { Program } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { createAnswers } from './answers.js';
import type { GeneratedAnswer, GenerateRequest, GrowingAnswer } from './answers.js';
import { imageTokens } from './config.js';
import type { LlavaConfig } from './config.js';
import { packPrompts } from './pack-prompts.js';
import type { PackedPrompts } from './pack-prompts.js';
import { usedLlavaParameters } from './parameters.js';
import { computeFeatures, featureSize, imageCount, padded } from './session-features.js';
import { compileSession } from './session-program.js';
import type { SessionSizes } from './session-program.js';

/** A model and the sizes it answers in. */
export interface SessionOptions extends SessionSizes {
  readonly config: LlavaConfig;
  /** By our path; what the encoder does not need for its features may be absent. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Answers that grow. */
export interface Generation {
  /** One more token for every open row, in this thread. @returns whether any row is still open */
  step(): boolean;
  /** Ends a row before its time. */
  end(row: number): void;
  /** What there is so far, by row. */
  rows(): readonly GrowingAnswer[];
  /** The whole answers, once `step` has returned false. */
  answers(): GeneratedAnswer[];
}

/** A loaded model that answers; requests wait for each other. */
export interface LlavaSession {
  /** @throws LlavaError `bad-input` or `mismatch` for prompts that do not fit, `cancelled` when the signal is aborted */
  generate(request: GenerateRequest): Promise<GeneratedAnswer[]>;
  /**
   * Answers a step at a time, for whoever decides between tokens what goes on. Steps of two generations must not be mixed, and
   * {@link generate} must not run between them: there is one cache.
   * @throws LlavaError `bad-input` or `mismatch` for prompts that do not fit
   */
  begin(request: GenerateRequest): Generation;
  /** Pixels `[images * 3 * imageSizePx * imageSizePx]` of any number of images to features `[images * patches * visionHidden]`. */
  features(pixels: Float32Array): Float32Array;
  dispose(): void;
}

/** Creates a session. `loadTensorflow()` must have been awaited. */
export function createLlavaSession(options: SessionOptions): LlavaSession {
  const { weights, ...asked } = options;
  const { config } = asked;
  const program = compileSession(config, asked);
  program.assign(usedWeights(config, weights));
  const features = (pixels: Float32Array) => computeFeatures(program, config, asked.batch, pixels);
  const begin = (request: GenerateRequest) => createGeneration(program, asked, request, features); // not `options`, which holds the weights
  let last: Promise<unknown> = Promise.resolve();
  return {
    features,
    begin,
    generate: (request) => {
      const answer = last.then(() => generate(() => begin(request), request));
      last = answer.catch(() => undefined);
      return answer;
    },
    dispose: () => program.dispose(),
  };
}

/** The weights that computing takes. */
function usedWeights(config: LlavaConfig, weights: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  const paths = [...flattenTree(usedLlavaParameters(config)).keys()];
  const missing = paths.filter((path) => !weights.has(path));
  if (missing.length > 0) throw new LlavaError('mismatch', `Session: the weights lack ${missing.join(', ')}.`);
  return new Map(paths.map((path) => [path, weights.get(path) ?? new Float32Array()]));
}

async function generate(generation: () => Generation, { signal }: GenerateRequest): Promise<GeneratedAnswer[]> {
  const growing = generation();
  do await turn(signal);
  while (growing.step());
  return growing.answers();
}

/** Packs the prompts; nothing but features is computed before the first step. */
function createGeneration(
  program: Program,
  options: Omit<SessionOptions, 'weights'>,
  request: GenerateRequest,
  featuresOf: (pixels: Float32Array) => Float32Array,
): Generation {
  const { config, batch, promptTokens, images = batch } = options;
  const given = request.features ?? (request.pixels && featuresOf(request.pixels)) ?? new Float32Array();
  const prompts = packPrompts(request.ids, imageCount(config, given.length), {
    batch,
    promptTokens,
    images,
    imageTokenId: config.imageTokenId,
    imageTokens: imageTokens(config),
  });
  const answers = createAnswers(request, options.maxNewTokens);
  let slot: number | null = null;
  const scores = (): Float32Array => {
    if (slot !== null) return decode(program, answers.newest(batch), slot++, prompts);
    slot = promptTokens;
    const features = padded(given, images * featureSize(config));
    return program.call('prefill', { ...prompts, features })['logits'] as Float32Array;
  };
  return {
    step: () => answers.choose(scores(), config.decoder.vocab),
    end: answers.end,
    rows: answers.rows,
    answers: answers.finished,
  };
}

/** Lets the event loop run between tokens. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await yieldToEvents();
  if (signal?.aborted) throw new LlavaError('cancelled', 'The answer was cancelled.', { cause: signal.reason });
}

function decode(program: Program, ids: Int32Array, slot: number, { starts }: PackedPrompts): Float32Array {
  return program.call('decode', { ids, slot: Int32Array.of(slot), starts })['logits'] as Float32Array;
}
