import { compile, flattenTree, unflattenTree, valueAndGradients } from '@llava-ts/engine';
import type { ParameterSpec, TensorSpec } from '@llava-ts/engine';
import { imageFeatures, llavaLogits, llavaLoss, llavaParameters } from '@llava-ts/llava';
import type { LlavaBatch, LlavaParameters } from '@llava-ts/llava';
import { projector } from '@llava-ts/projector';
import { visionHiddenStates } from '@llava-ts/vision-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { visualIndexOf } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';

/** How a computation runs: op by op, or as a program of one precision. */
export type Mode = 'eager' | 'compiled' | 'bfloat16';
export type Stage = 'projector' | 'projector+decoder';
export type Numbers = ReadonlyMap<string, ArrayLike<number>>;
type Inputs = Readonly<Record<string, Tensor>>;
type Computation = (p: LlavaParameters, inputs: Inputs, golden: GoldenCase) => Record<string, Tensor>;

/** Hidden states of every encoder layer, by its number. */
export function hiddenStates(p: LlavaParameters, inputs: Inputs, { model }: GoldenCase): Record<string, Tensor> {
  const { vision } = model.config;
  const states = visionHiddenStates(p.vision, inputs['pixels'] as Tensor, vision, vision.layers);
  return Object.fromEntries(states.map((state, layer) => [String(layer), state]));
}

/** Projected features, logits (zero where the input is padding) and mean loss. */
export function forward(p: LlavaParameters, inputs: Inputs, { model }: GoldenCase): Record<string, Tensor> {
  const batch = batchOf(p, inputs, model.config);
  const { lossSum, labelTokens } = llavaLoss(p, batch, model.config);
  return {
    ...logits(p, inputs, { model }),
    projected: projector(p.projector, batch.features, model.config.projector),
    loss: tf.div(lossSum, labelTokens),
  };
}

/** Logits alone, zero where the input is padding. */
export function logits(
  p: LlavaParameters,
  inputs: Inputs,
  { model }: Pick<GoldenCase, 'model'>,
): Record<string, Tensor> {
  const scores = llavaLogits(p, batchOf(p, inputs, model.config), model.config);
  return { logits: tf.mul(scores, tf.expandDims(tf.cast(inputs['mask'] as Tensor, 'float32'), 2)) };
}

/** Gradients of the mean loss by every parameter of a stage's parts. */
export function gradients(stage: Stage): Computation {
  return (p, inputs, { model }) => {
    const batch = batchOf(p, inputs, model.config);
    const parts = stage.split('+');
    const learning = [...flattenTree<Tensor>(p)].filter(([path]) => parts.includes(path.split('.')[0] ?? ''));
    const loss = () => {
      const { lossSum, labelTokens } = llavaLoss(p, batch, model.config);
      return { loss: tf.div<Tensor>(lossSum, labelTokens) };
    };
    return Object.fromEntries(valueAndGradients(loss, new Map(learning)).gradients);
  };
}

/** Runs a computation on a case's weights and inputs. `loadTensorflow()` must have been awaited. */
export function compute(golden: GoldenCase, mode: Mode, computation: Computation): Numbers {
  const results = mode === 'eager' ? eagerly(golden, computation) : compiled(golden, computation, mode);
  return new Map(Object.entries(results));
}

function batchOf(p: LlavaParameters, inputs: Inputs, config: GoldenCase['model']['config']): LlavaBatch {
  const { ids, labels, visualIndex, pixels } = inputs as Record<'ids' | 'labels' | 'visualIndex' | 'pixels', Tensor>;
  return { ids, labels, visualIndex, features: imageFeatures(p.vision, pixels, config) };
}

function eagerly(golden: GoldenCase, computation: Computation): Record<string, Float32Array> {
  const specs = llavaParameters(golden.model.config);
  return tf.tidy(() => {
    const leaves = [...flattenTree<ParameterSpec>(specs)].map(([path, { shape }]): [string, Tensor] => [
      path,
      tf.tensor(golden.model.weights.get(path)!, [...shape]),
    ]);
    const given = Object.entries(inputsOf(golden)).map(([key, { values, shape, dtype }]): [string, Tensor] => [
      key,
      tf.tensor(values, [...shape], dtype),
    ]);
    const tree = unflattenTree<LlavaParameters>(specs, new Map(leaves));
    const results = computation(tree, Object.fromEntries(given), golden);
    return Object.fromEntries(Object.entries(results).map(([key, tensor]) => [key, tensor.dataSync() as Float32Array]));
  });
}

function compiled(
  golden: GoldenCase,
  computation: Computation,
  mode: 'compiled' | 'bfloat16',
): Record<string, Float32Array> {
  const specs = llavaParameters(golden.model.config);
  const paths = [...flattenTree<ParameterSpec>(specs)];
  const inputs = inputsOf(golden);
  const program = compile({
    precision: mode === 'bfloat16' ? 'bfloat16' : 'float32',
    variables: Object.fromEntries(paths.map(([path, { shape }]) => [path, { shape }])),
    functions: {
      compute: {
        inputs,
        run: (given, access) => {
          const leaves = new Map(paths.map(([path]) => [path, access.get(path)]));
          return computation(unflattenTree<LlavaParameters>(specs, leaves), given, golden);
        },
      },
    },
  });
  try {
    program.assign(golden.model.weights);
    const values = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, input.values]));
    return program.call('compute', values) as Record<string, Float32Array>;
  } finally {
    program.dispose();
  }
}

interface GoldenInput extends TensorSpec {
  readonly dtype: 'float32' | 'int32';
  readonly values: Float32Array | Int32Array;
}

function inputsOf({ inputs, expected, model }: GoldenCase): Record<string, GoldenInput> {
  const { shape, data } = inputs.get('input_ids')!;
  const integers = (values: Int32Array): GoldenInput => ({ shape, dtype: 'int32', values });
  const pixels = expected.get('pixel_values')!;
  return {
    ids: integers(data as Int32Array),
    labels: integers(inputs.get('labels')!.data as Int32Array),
    mask: integers(inputs.get('attention_mask')!.data as Int32Array),
    visualIndex: integers(visualIndexOf(data as Int32Array, model.config.imageTokenId)),
    pixels: { shape: pixels.shape, dtype: 'float32', values: pixels.data as Float32Array },
  };
}
