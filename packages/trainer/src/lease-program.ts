import { compile, flattenTree, sizeOf, unflattenTree, valueAndGradients } from '@llava-ts/engine';
import type { ParameterSpec, Program, ProgramFunction, TensorSpec, VariableAccess } from '@llava-ts/engine';
import { imageFeatureCount, imageFeatures, llavaLoss, usedLlavaParameters } from '@llava-ts/llava';
import type { LlavaBatch, LlavaConfig, UsedLlavaParameters } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import { partTensors } from './learning-tensors.js';
import type { TrainablePart } from './run-config.js';

/** What a lease program is compiled for: everything that its shapes depend on. */
export interface LeaseProgramOptions {
  readonly config: LlavaConfig;
  /** The parts that learn; none for a program that only measures losses. */
  readonly trainable: readonly TrainablePart[];
  readonly microBatchSamples: number;
  readonly bucketTokens: readonly number[];
  readonly precision: 'float32' | 'bfloat16';
  readonly recompute: boolean;
}

/** A micro-batch of fixed size; rows that no sample needs have only ignored labels. */
export interface MicroBatch {
  /** Tokens per row: one of the buckets. */
  readonly tokens: number;
  /** `[microBatchSamples * tokens]` each, see `collate` of `@llava-ts/data`. */
  readonly ids: Int32Array;
  readonly labels: Int32Array;
  readonly visualIndex: Int32Array;
  /** `[microBatchSamples * patches * visionHidden]`: the features of the images in order, then zeros. */
  readonly features: Float32Array;
  /** What an adapter's dropout leaves out, `[2]`; needed for gradients where the model has an adapter with dropout. */
  readonly dropoutSeed?: Int32Array;
}

/** Loss of some label tokens. */
export interface LossSums {
  readonly lossSum: number;
  readonly labelTokens: number;
}

/** A model on the device that adds up gradients of the summed loss, micro-batch by micro-batch. */
export interface LeaseProgram {
  /** Replaces parameters, frozen or learning. */
  assign(values: ReadonlyMap<string, Float32Array>): void;
  /** `[3 * imageSizePx ** 2]` to `[patches * visionHidden]`. One image per call, so that features never depend on neighbours in a batch. */
  features(pixels: Float32Array): Float32Array;
  /** Adds the gradients of a micro-batch to the sums. */
  gradients(batch: MicroBatch): LossSums;
  /** The loss alone. */
  loss(batch: MicroBatch): LossSums;
  /** The sums of all gradients since the last `takeGradients`, which start from zero again. */
  takeGradients(): Map<string, Float32Array>;
  /** Starts the sums from zero, e.g. after a lease that was given up. */
  clearGradients(): void;
  dispose(): void;
}

/** Compiles the program; parameters are zeros until they are assigned. `loadTensorflow()` must have been awaited. */
export function createLeaseProgram(options: LeaseProgramOptions): LeaseProgram {
  const { config, trainable, bucketTokens } = options;
  const specs = usedLlavaParameters(config);
  const shapes = flattenTree<ParameterSpec>(specs);
  const learning = partTensors(config, trainable);
  const sums = Object.fromEntries([...learning].map(([path, shape]) => [sumOf(path), { shape }]));
  const perBucket = (name: string, make: (tokens: number) => ProgramFunction): [string, ProgramFunction][] =>
    bucketTokens.map((tokens) => [`${name}@${tokens}`, make(tokens)]);
  const program = compile({
    precision: options.precision,
    variables: { ...Object.fromEntries([...shapes].map(([path, { shape }]) => [path, { shape }])), ...sums },
    functions: {
      features: featuresFunction(config),
      ...Object.fromEntries(perBucket('loss', (tokens) => lossFunction(options, tokens))),
      ...(learning.size === 0
        ? {}
        : Object.fromEntries(perBucket('gradients', (tokens) => gradientsFunction(options, tokens)))),
      ...(learning.size === 0 ? {} : { clear: clearFunction([...learning.keys()]) }),
    },
  });
  const call = (fn: string, { tokens, ...inputs }: MicroBatch): LossSums => {
    const { lossSum, labelTokens } = program.call(`${fn}@${tokens}`, inputs);
    return { lossSum: lossSum?.[0] ?? 0, labelTokens: labelTokens?.[0] ?? 0 };
  };
  const clearGradients = (): void => {
    if (learning.size > 0) program.call('clear', {});
  };
  return {
    assign: (values) => assignParameters(program, shapes, values),
    features: (pixels) => program.call('features', { pixels })['features'] as Float32Array,
    gradients: (batch) => call('gradients', batch),
    loss: (batch) => call('loss', batch),
    takeGradients: () => {
      const read = program.read([...learning.keys()].map(sumOf));
      const taken = new Map([...learning.keys()].map((path) => [path, read.get(sumOf(path)) as Float32Array]));
      clearGradients();
      return taken;
    },
    clearGradients,
    dispose: () => program.dispose(),
  };
}

const sumOf = (path: string): string => `gradient/${path}`;

function readTree(config: LlavaConfig, variables: VariableAccess): UsedLlavaParameters {
  const specs = usedLlavaParameters(config);
  return unflattenTree(specs, new Map([...flattenTree(specs).keys()].map((path) => [path, variables.get(path)])));
}

function featuresFunction(config: LlavaConfig): ProgramFunction {
  const { imageSizePx } = config.vision;
  return {
    inputs: { pixels: { shape: [1, 3, imageSizePx, imageSizePx] } },
    run: ({ pixels }, variables) => ({
      features: imageFeatures(readTree(config, variables).vision, pixels as tf.Tensor, config),
    }),
  };
}

function batchInputs(
  { config, microBatchSamples }: LeaseProgramOptions,
  tokens: number,
): Record<Exclude<keyof LlavaBatch, 'packing'>, TensorSpec> {
  const rows = { shape: [microBatchSamples, tokens], dtype: 'int32' } as const;
  return {
    ids: rows,
    labels: rows,
    visualIndex: rows,
    features: { shape: [microBatchSamples, imageFeatureCount(config), config.vision.hidden] },
  };
}

function lossFunction(options: LeaseProgramOptions, tokens: number): ProgramFunction {
  const { config } = options;
  return {
    inputs: batchInputs(options, tokens),
    run: (inputs, variables) => llavaLoss(readTree(config, variables), inputs as unknown as LlavaBatch, config),
  };
}

function gradientsFunction(options: LeaseProgramOptions, tokens: number): ProgramFunction {
  const { config, recompute } = options;
  const learning = [...partTensors(config, options.trainable).keys()];
  const drops = (config.lora?.dropout ?? 0) > 0;
  const seed: Record<string, TensorSpec> = drops ? { dropoutSeed: { shape: [2], dtype: 'int32' } } : {};
  return {
    inputs: { ...batchInputs(options, tokens), ...seed },
    run: ({ dropoutSeed, ...inputs }, variables) => {
      const p = readTree(config, variables);
      const computing = { recompute, ...(dropoutSeed && { dropoutSeed }) };
      const loss = () => {
        const { lossSum, labelTokens } = llavaLoss(p, inputs as unknown as LlavaBatch, config, computing);
        return { loss: lossSum, labelTokens };
      };
      const { outputs, gradients } = valueAndGradients(
        loss,
        new Map(learning.map((path) => [path, variables.get(path)])),
      );
      for (const [path, gradient] of gradients) variables.assignAdd(sumOf(path), gradient);
      return { lossSum: outputs.loss, labelTokens: outputs.labelTokens };
    },
  };
}

function clearFunction(learning: readonly string[]): ProgramFunction {
  return {
    inputs: {},
    run: (_inputs, variables) => {
      for (const path of learning) variables.assign(sumOf(path), tf.zerosLike(variables.get(sumOf(path))));
      return {};
    },
  };
}

function assignParameters(
  program: Program,
  shapes: ReadonlyMap<string, ParameterSpec>,
  values: ReadonlyMap<string, Float32Array>,
): void {
  // Others are e.g. the encoder's layers behind the feature layer, which nothing computes.
  const used = new Map([...values].filter(([path]) => shapes.has(path)));
  for (const [path, array] of used) {
    const shape = shapes.get(path)?.shape ?? [];
    if (sizeOf(shape) !== array.length)
      throw new LlavaError(
        'mismatch',
        `parameter '${path}' has ${array.length} values, expected shape [${shape.join(', ')}]`,
      );
  }
  program.assign(used);
}
