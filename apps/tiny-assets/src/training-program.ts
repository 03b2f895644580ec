import { compile, flattenTree, initialize, createRandom, unflattenTree, valueAndGradients } from '@llava-ts/engine';
import type { InputValue, ParameterSpec, TensorSpec, VariableAccess } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

const BETA1 = 0.9;
const BETA2 = 0.98;
const EPSILON = 1e-8;
const CLIP_NORM = 1;

/** What to pretrain: parameters, inputs of one step, and a scalar loss (with further scalars to report). */
export interface Pretraining<P> {
  readonly specs: unknown;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly weightDecay: number;
  readonly seed: number;
  loss(parameters: P, inputs: Readonly<Record<string, Tensor>>): { loss: Tensor; [metric: string]: Tensor };
}

/** A model in training whose weights and optimizer state live in one TensorFlow session. */
export interface TrainingProgram {
  /** One AdamW step; returns the scalars of the loss function and the gradient's norm before clipping. */
  step(inputs: Readonly<Record<string, InputValue>>, learningRate: number): Record<string, number>;
  weights(): Map<string, Float32Array>;
  /** Replaces weights; the optimizer's state stays. */
  assign(weights: ReadonlyMap<string, Float32Array>): void;
}

/** Compiles forward, backward, clipping by global norm and AdamW into one recorded function. */
export function createTrainingProgram<P>(task: Pretraining<P>): TrainingProgram {
  const specs = flattenTree<ParameterSpec>(task.specs);
  const variables: Record<string, TensorSpec> = {};
  for (const [path, { shape }] of specs) {
    for (const role of ['', 'first ', 'second ']) variables[role + path] = { shape };
  }
  const scalar: TensorSpec = { shape: [] };
  const program = compile({
    variables,
    functions: {
      step: {
        inputs: { ...task.inputs, learningRate: scalar, beta1Power: scalar, beta2Power: scalar },
        run: (inputs, access) => recordStep(task, specs, inputs, access),
      },
    },
  });
  program.assign(initialize(task.specs, createRandom(task.seed)));

  let steps = 0;
  return {
    step: (inputs, learningRate) => {
      steps += 1;
      const powers = { beta1Power: Float32Array.of(BETA1 ** steps), beta2Power: Float32Array.of(BETA2 ** steps) };
      const results = program.call('step', { ...inputs, learningRate: Float32Array.of(learningRate), ...powers });
      return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, values[0] as number]));
    },
    assign: (weights) => {
      program.assign(weights);
    },
    weights: () => program.read(specs.keys()) as Map<string, Float32Array>,
  };
}

function recordStep<P>(
  task: Pretraining<P>,
  specs: ReadonlyMap<string, ParameterSpec>,
  inputs: Readonly<Record<string, Tensor>>,
  access: VariableAccess,
): Record<string, Tensor> {
  const parameters = new Map([...specs.keys()].map((path) => [path, access.get(path)]));
  const { outputs, gradients } = valueAndGradients(
    () => task.loss(unflattenTree<P>(task.specs, parameters), inputs),
    parameters,
  );
  const norm = tf.sqrt(tf.addN([...gradients.values()].map((gradient) => tf.sum(tf.square(gradient)))));
  const scale = tf.minimum(1, tf.div(CLIP_NORM, tf.add(norm, 1e-6)));
  const { learningRate, beta1Power, beta2Power } = inputs as Record<
    'learningRate' | 'beta1Power' | 'beta2Power',
    Tensor
  >;
  for (const [path, gradient] of gradients) {
    access.adamW({
      parameter: path,
      firstMoment: `first ${path}`,
      secondMoment: `second ${path}`,
      gradient: tf.mul(gradient, scale),
      learningRate,
      beta1Power,
      beta2Power,
      beta1: BETA1,
      beta2: BETA2,
      epsilon: EPSILON,
      weightDecay: (specs.get(path)?.shape.length ?? 0) > 1 ? task.weightDecay : 0,
    });
  }
  return { ...outputs, gradientNorm: norm };
}
