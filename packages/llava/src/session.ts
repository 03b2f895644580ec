import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { flattenTree } from '@llava-ts/engine';
import type { Program } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { createAnswers } from './answers.js';
import type { GeneratedAnswer, GenerateRequest } from './answers.js';
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

/** A loaded model that answers; requests wait for each other. */
export interface LlavaSession {
  /** @throws LlavaError `bad-input` or `mismatch` for prompts that do not fit, `cancelled` when the signal is aborted */
  generate(request: GenerateRequest): Promise<GeneratedAnswer[]>;
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
  let last: Promise<unknown> = Promise.resolve();
  return {
    features,
    generate: (request) => {
      const answer = last.then(() => generate(program, asked, request, features)); // not `options`, which holds the weights
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

async function generate(
  program: Program,
  options: Omit<SessionOptions, 'weights'>,
  request: GenerateRequest,
  featuresOf: (pixels: Float32Array) => Float32Array,
): Promise<GeneratedAnswer[]> {
  const { config, batch, promptTokens, images = batch } = options;
  const given = request.features ?? (request.pixels && featuresOf(request.pixels)) ?? new Float32Array();
  const prompts = packPrompts(request.ids, imageCount(config, given.length), {
    batch,
    promptTokens,
    images,
    imageTokenId: config.imageTokenId,
    imageTokens: imageTokens(config),
  });
  const answers = createAnswers(request, checkedLimit(request, options));
  await turn(request.signal);
  let logits = program.call('prefill', { ...prompts, features: padded(given, images * featureSize(config)) })[
    'logits'
  ] as Float32Array;
  for (let slot = promptTokens; answers.choose(logits, config.decoder.vocab); slot++) {
    await turn(request.signal);
    logits = decode(program, answers.newest(batch), slot, prompts);
  }
  return answers.finished();
}

/** Lets the event loop run between tokens. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await yieldToEvents();
  if (signal?.aborted) throw new LlavaError('cancelled', 'The answer was cancelled.', { cause: signal.reason });
}

function decode(program: Program, ids: Int32Array, slot: number, { starts }: PackedPrompts): Float32Array {
  return program.call('decode', { ids, slot: Int32Array.of(slot), starts })['logits'] as Float32Array;
}

function checkedLimit({ maxNewTokens: wanted }: GenerateRequest, { maxNewTokens }: SessionSizes): number {
  const limit = wanted ?? maxNewTokens;
  if (Number.isInteger(limit) && limit > 0 && limit <= maxNewTokens) return limit;
  throw new LlavaError('bad-input', `maxNewTokens is ${limit}; this session was made for 1 to ${maxNewTokens}.`);
}
