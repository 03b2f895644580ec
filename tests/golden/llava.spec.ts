import { compile, flattenTree, loadTensorflow, unflattenTree, valueAndGradients } from '@llava-ts/engine';
import type { ParameterSpec, TensorSpec } from '@llava-ts/engine';
import {
  imageFeatures,
  llavaLogits,
  llavaLoss,
  llavaNames,
  llavaParameters,
  normaliseLlavaName,
} from '@llava-ts/llava';
import type { LlavaBatch, LlavaParameters } from '@llava-ts/llava';
import { projector } from '@llava-ts/projector';
import { visionHiddenStates } from '@llava-ts/vision-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { GOLDEN_CASES, readGoldenCase, visualIndexOf } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';
import { expectClose } from './relative-error.js';

const TOLERANCE = 1e-4;
const STAGES = ['projector', 'projector+decoder'] as const;
type Numbers = Map<string, ArrayLike<number>>;
type Inputs = Readonly<Record<string, Tensor>>;

beforeAll(async () => {
  await loadTensorflow();
});

describe.each(GOLDEN_CASES)('%s', (name) => {
  let golden: GoldenCase;
  beforeAll(async () => {
    golden = await readGoldenCase(name);
  });

  describe.each(['eager', 'compiled'] as const)('%s', (mode) => {
    it('computes the hidden states of every encoder layer', () => {
      const wanted = expectedUnder(golden, 'vision/hidden_states/');
      expectClose(compute(golden, mode, hiddenStates), wanted, TOLERANCE);
    });

    it('computes the projected features, the logits and the loss', () => {
      const wanted = new Map(['projected', 'logits', 'loss'].map((key) => [key, numbers(golden, key)]));
      expectClose(compute(golden, mode, forward), wanted, TOLERANCE);
    });

    it.each(STAGES)('computes every gradient of the stage %s', (stage) => {
      const wanted = new Map(
        [...expectedUnder(golden, `grad/${stage}/`)].map(([hfName, values]) => [pathOf(golden, hfName), values]),
      );
      expectClose(
        compute(golden, mode, (p, inputs, g) => gradients(p, inputs, g, stage)),
        wanted,
        TOLERANCE,
      );
    });
  });
});

type Computation = (p: LlavaParameters, inputs: Inputs, golden: GoldenCase) => Record<string, Tensor>;

function hiddenStates(p: LlavaParameters, inputs: Inputs, { model }: GoldenCase): Record<string, Tensor> {
  const { vision } = model.config;
  const states = visionHiddenStates(p.vision, inputs['pixels'] as Tensor, vision, vision.layers);
  return Object.fromEntries(states.map((state, layer) => [String(layer), state]));
}

function forward(p: LlavaParameters, inputs: Inputs, { model }: GoldenCase): Record<string, Tensor> {
  const batch = batchOf(p, inputs, model.config);
  const logits = llavaLogits(p, batch, model.config);
  const { lossSum, labelTokens } = llavaLoss(p, batch, model.config);
  return {
    projected: projector(p.projector, batch.features, model.config.projector),
    logits: tf.mul(logits, tf.expandDims(tf.cast(inputs['mask'] as Tensor, 'float32'), 2)),
    loss: tf.div(lossSum, labelTokens),
  };
}

function gradients(
  p: LlavaParameters,
  inputs: Inputs,
  { model }: GoldenCase,
  stage: (typeof STAGES)[number],
): Record<string, Tensor> {
  const batch = batchOf(p, inputs, model.config);
  const learning = [...flattenTree<Tensor>(p)].filter(([path]) => stage.split('+').includes(path.split('.')[0] ?? ''));
  const loss = () => {
    const { lossSum, labelTokens } = llavaLoss(p, batch, model.config);
    return { loss: tf.div(lossSum, labelTokens) };
  };
  return Object.fromEntries(valueAndGradients(loss, new Map(learning)).gradients);
}

function batchOf(p: LlavaParameters, inputs: Inputs, config: GoldenCase['model']['config']): LlavaBatch {
  const { ids, labels, visualIndex, pixels } = inputs as Record<'ids' | 'labels' | 'visualIndex' | 'pixels', Tensor>;
  return { ids, labels, visualIndex, features: imageFeatures(p.vision, pixels, config) };
}

/** Runs a computation on the case's weights and inputs, op by op or as a program. */
function compute(golden: GoldenCase, mode: 'eager' | 'compiled', computation: Computation): Numbers {
  const run = mode === 'eager' ? computeEagerly : computeCompiled;
  return new Map(Object.entries(run(golden, computation)));
}

function computeEagerly(golden: GoldenCase, computation: Computation): Record<string, Float32Array> {
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

function computeCompiled(golden: GoldenCase, computation: Computation): Record<string, Float32Array> {
  const specs = llavaParameters(golden.model.config);
  const paths = [...flattenTree<ParameterSpec>(specs)];
  const inputs = inputsOf(golden);
  const program = compile({
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

function numbers({ expected }: GoldenCase, key: string): ArrayLike<number> {
  return expected.get(key)!.data as Float32Array;
}

function expectedUnder(golden: GoldenCase, prefix: string): Numbers {
  const keys = [...golden.expected.keys()].filter((key) => key.startsWith(prefix));
  expect(keys.length).toBeGreaterThan(0);
  return new Map(keys.map((key) => [key.slice(prefix.length), numbers(golden, key)]));
}

/** Our path of a parameter of the reference. */
function pathOf({ model }: GoldenCase, hfName: string): string {
  const stored = normaliseLlavaName(hfName);
  const found = [...llavaNames(model.config)].find(([, name]) => name === stored);
  return found?.[0] ?? hfName;
}
