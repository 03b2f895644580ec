import { cacheVariables, decoderLogits, decodeStep, prefill } from '@llava-ts/decoder';
import type { CachedDecoder, CacheSize } from '@llava-ts/decoder';
import { compile, flattenTree, unflattenTree } from '@llava-ts/engine';
import type { ParameterSpec, Program, ProgramFunction, TensorSpec, VariableAccess } from '@llava-ts/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import { imageFeatureCount } from './config.js';
import type { LlavaConfig } from './config.js';
import { imageFeatures, llavaAdapter, llavaEmbeddings } from './llava.js';
import { usedLlavaParameters } from './parameters.js';
import type { UsedLlavaParameters } from './parameters.js';

/** Sizes of a generating program; all are fixed when it is recorded. */
export interface SessionSizes {
  /** Rows that are answered at once. */
  readonly batch: number;
  /** Images that the rows can hold together; as many as rows unless given. */
  readonly images?: number;
  readonly promptTokens: number;
  readonly maxNewTokens: number;
  readonly precision?: 'float32' | 'bfloat16';
}

/**
 * The program behind a session: weights and cache as variables, and three functions.
 * - `features`: pixels `[batch, 3, size, size]` to `[batch, patches, visionHidden]`
 * - `prefill`: the prompts, to the scores of the first new token `[batch, vocab]`
 * - `decode`: one token per row, to the scores of the next
 */
export function compileSession(config: LlavaConfig, sizes: SessionSizes): Program {
  const specs = usedLlavaParameters(config);
  const weights = flattenTree<ParameterSpec>(specs);
  const cacheSize = { batch: sizes.batch, slots: sizes.promptTokens + sizes.maxNewTokens };
  const parameters = (variables: VariableAccess) =>
    unflattenTree<UsedLlavaParameters, Tensor>(
      specs,
      new Map([...weights.keys()].map((path) => [path, variables.get(path)])),
    );
  const shapes = [...weights].map(([path, { shape }]): [string, TensorSpec] => [path, { shape }]);
  return compile({
    variables: { ...Object.fromEntries(shapes), ...cacheVariables(config.decoder, cacheSize) },
    functions: {
      features: featuresFunction(config, sizes, parameters),
      prefill: prefillFunction(config, sizes, cacheSize, parameters),
      decode: decodeFunction(config, cacheSize, parameters),
    },
    precision: sizes.precision ?? 'float32',
  });
}

type ReadParameters = (variables: VariableAccess) => UsedLlavaParameters;

function featuresFunction(config: LlavaConfig, { batch }: SessionSizes, parameters: ReadParameters): ProgramFunction {
  const { imageSizePx } = config.vision;
  const inputs = { pixels: { shape: [batch, 3, imageSizePx, imageSizePx] } };
  return {
    inputs,
    run: ({ pixels }, variables) => ({
      features: imageFeatures(parameters(variables).vision, pixels as Tensor, config),
    }),
  };
}

function prefillFunction(
  config: LlavaConfig,
  { batch, promptTokens, images = batch }: SessionSizes,
  size: CacheSize,
  parameters: ReadParameters,
): ProgramFunction {
  const inputs = {
    ids: { shape: [batch, promptTokens], dtype: 'int32' },
    visualIndex: { shape: [batch, promptTokens], dtype: 'int32' },
    starts: { shape: [batch], dtype: 'int32' },
    features: { shape: [images, imageFeatureCount(config), config.vision.hidden] },
  } as const;
  return {
    inputs,
    run: (given, variables) => {
      const { ids, visualIndex, starts, features } = given as Record<keyof typeof inputs, Tensor>;
      const p = parameters(variables);
      const lora = llavaAdapter(p, config);
      const cached: CachedDecoder = { p: p.decoder, config: config.decoder, variables, size, lora };
      const last = prefill(cached, llavaEmbeddings(p, { ids, visualIndex, features }, config), starts); // [batch, hidden]
      return { logits: decoderLogits(p.decoder, last) };
    },
  };
}

function decodeFunction(config: LlavaConfig, size: CacheSize, parameters: ReadParameters): ProgramFunction {
  const { batch } = size;
  const inputs = {
    ids: { shape: [batch], dtype: 'int32' },
    slot: { shape: [1], dtype: 'int32' },
    starts: { shape: [batch], dtype: 'int32' },
  } as const;
  return {
    inputs,
    run: (given, variables) => {
      const { ids, slot, starts } = given as Record<keyof typeof inputs, Tensor>;
      const p = parameters(variables);
      const cached = { p: p.decoder, config: config.decoder, variables, size, lora: llavaAdapter(p, config) };
      return { logits: decoderLogits(p.decoder, decodeStep(cached, ids, slot, starts)) };
    },
  };
}
