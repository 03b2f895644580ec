import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { llavaParameters } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import type { StageConfig, TrainablePart } from './run-config.js';

/** Shapes of parameters by canonical path. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>;

/** The parameters of some parts of a model, in declaration order: `projector.*`, `decoder.*`. */
export function partTensors(config: LlavaConfig, parts: readonly TrainablePart[]): TensorShapes {
  const specs = flattenTree<ParameterSpec>(llavaParameters(config));
  return new Map(
    [...specs]
      .filter(([path]) => parts.some((part) => path.startsWith(`${part}.`)))
      .map(([path, { shape }]) => [path, shape]),
  );
}

/**
 * The parts that a worker of a stage must pull, because they differ from the files it loaded: those that learn in it and those that
 * learnt in a stage before. All other parameters never cross the wire.
 */
export function changedParts(stages: readonly Pick<StageConfig, 'trainable'>[], stage: number): TrainablePart[] {
  return [...new Set(stages.slice(0, stage + 1).flatMap(({ trainable }) => trainable))].sort();
}
