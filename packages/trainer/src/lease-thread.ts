import { loadTensorflow } from '@llava-ts/engine';
import type { LlavaConfig } from '@llava-ts/llava';
import { createLeaseProgram } from './lease-program.js';
import type { LeaseProgram, MicroBatch } from './lease-program.js';
import { openModel } from './open-model.js';
import type { ModelConfig, StageConfig } from './run-config.js';

/** What the thread must know to compute leases of a stage. */
export interface StageOrder {
  readonly model: ModelConfig;
  readonly seed: number;
  readonly stage: Pick<StageConfig, 'trainable' | 'microBatchSamples' | 'bucketTokens'>;
}

/** The module of the compute thread: TensorFlow and the model live here, see `startComputeThread` of `@llava-ts/engine`. */
export async function create(): Promise<Record<string, (argument: unknown) => unknown>> {
  await loadTensorflow();
  let program: LeaseProgram | null = null;
  const current = (): LeaseProgram => {
    if (program === null) throw new TypeError('a stage must be prepared first');
    return program;
  };
  return {
    prepare: async (argument): Promise<LlavaConfig> => {
      const { model, seed, stage } = argument as StageOrder;
      program?.dispose();
      program = null; // two models at once might not fit
      const { config, weights } = await openModel(model, seed);
      program = createLeaseProgram({ config, ...stage, precision: model.precision, recompute: model.recompute });
      program.assign(weights);
      return config;
    },
    assign: (argument) => current().assign(argument as ReadonlyMap<string, Float32Array>),
    features: (argument) => current().features(argument as Float32Array),
    gradients: (argument) => current().gradients(argument as MicroBatch),
    takeGradients: () => current().takeGradients(),
    clearGradients: () => current().clearGradients(),
  };
}
