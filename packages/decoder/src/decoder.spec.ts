import {
  compile,
  createRandom,
  flattenTree,
  initialize,
  loadTensorflow,
  sizeOf,
  unflattenTree,
  valueAndGradients,
} from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attend } from './attention.js';
import { TINYLLAMA_1_1B, VICUNA_7B_V1_5 } from './config.js';
import type { DecoderConfig } from './config.js';
import { decoder, decoderLogits, embedTokens } from './decoder.js';
import type { DecoderOptions } from './decoder.js';
import { causalMask } from './mask.js';
import { decoderParameters } from './parameters.js';
import type { DecoderParameters } from './parameters.js';

const CONFIG: DecoderConfig = {
  vocab: 23,
  hidden: 24,
  inner: 40,
  layers: 2,
  heads: 6,
  keyHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 32,
  tiedEmbeddings: false,
  attentionBias: true,
  feedForwardBias: true,
};
const SPECS = decoderParameters(CONFIG);
const VALUES = initialize(SPECS, createRandom(5));
const random = createRandom(6);
for (const values of VALUES.values()) values.forEach((value, i) => (values[i] = value + 0.1 * random.normal())); // biases and norms too

beforeAll(async () => {
  await loadTensorflow();
});

function leaves(): Map<string, Tensor> {
  const shapes = flattenTree<ParameterSpec>(SPECS);
  return new Map([...VALUES].map(([path, values]) => [path, tf.tensor(values, [...shapes.get(path)!.shape])]));
}

function logits(ids: number[][]): number[][][] {
  return tf.tidy(() => {
    const p = unflattenTree<DecoderParameters>(SPECS, leaves());
    const hidden = decoder(p, embedTokens(p, tf.tensor2d(ids, undefined, 'int32')), CONFIG);
    return decoderLogits(p, hidden).arraySync() as number[][][];
  });
}

describe('decoder', () => {
  it('has as many parameters as the published models', () => {
    const count = (config: DecoderConfig) =>
      [...flattenTree<ParameterSpec>(decoderParameters(config)).values()].reduce(
        (sum, { shape }) => sum + sizeOf(shape),
        0,
      );
    expect(count(VICUNA_7B_V1_5)).toBe(6_738_415_616);
    expect(count(TINYLLAMA_1_1B)).toBe(1_100_048_384);
  });

  it('has no output layer of its own when the embeddings are tied', () => {
    const paths = [...flattenTree(decoderParameters({ ...CONFIG, tiedEmbeddings: true })).keys()];
    expect(paths).not.toContain('head.weight');
  });

  it('gives a token the same scores whatever follows it', () => {
    const short = logits([[3, 1, 4]])[0]!;
    const long = logits([[3, 1, 4, 9, 20]])[0]!;
    short.flat().forEach((score, i) => expect(score).toBeCloseTo(long.flat()[i]!, 5));
  });

  it('gives a token other scores when an earlier one changes', () => {
    expect(logits([[3, 1, 4]])[0]![2]![0]).not.toBeCloseTo(logits([[2, 1, 4]])[0]![2]![0]!, 3);
  });

  it('gives the same gradients when its blocks are recomputed, eagerly and compiled', () => {
    const wanted = eagerGradients({});
    for (const got of [
      eagerGradients({ recompute: true }),
      compiledGradients({}),
      compiledGradients({ recompute: true }),
    ]) {
      for (const [path, values] of wanted) {
        values.forEach((value, i) => expect(got.get(path)![i], path).toBeCloseTo(value, 4));
      }
    }
  });
});

describe('attend', () => {
  it('equals attention with the keys and values repeated for every query head', () => {
    const [grouped, repeated] = tf.tidy(() => {
      const query = tf.randomNormal([2, 6, 5, 4], 0, 1, 'float32', 1);
      const key = tf.randomNormal([2, 2, 5, 4], 0, 1, 'float32', 2);
      const value = tf.randomNormal([2, 2, 5, 4], 0, 1, 'float32', 3);
      const repeat = (x: Tensor) => tf.gather(x, tf.tensor1d([0, 0, 0, 1, 1, 1], 'int32'), 1);
      const scores = tf.add(tf.matMul(tf.mul(query, 0.5), repeat(key), false, true), causalMask(5));
      const plain = tf.matMul(tf.softmax(scores), repeat(value));
      return [attend(query, { key, value }, causalMask(5)).dataSync(), plain.dataSync()];
    });
    grouped.forEach((x, i) => expect(x).toBeCloseTo(repeated[i]!, 5));
  });
});

const IDS = [3, 1, 4, 1, 5, 9, 2, 6];

function gradients(parameters: Map<string, Tensor>, ids: Tensor, options: DecoderOptions): Map<string, Tensor> {
  const p = unflattenTree<DecoderParameters>(SPECS, parameters);
  const loss = () => ({ loss: tf.mean(tf.square(decoderLogits(p, decoder(p, embedTokens(p, ids), CONFIG, options)))) });
  return valueAndGradients(loss, parameters).gradients;
}

function eagerGradients(options: DecoderOptions): Map<string, Float32Array> {
  const arrays = tf.tidy(() => {
    const found = gradients(leaves(), tf.tensor2d(IDS, [2, 4], 'int32'), options);
    return Object.fromEntries([...found].map(([path, tensor]) => [path, tensor.dataSync() as Float32Array]));
  });
  return new Map(Object.entries(arrays));
}

function compiledGradients(options: DecoderOptions): Map<string, Float32Array> {
  const variables = Object.fromEntries(
    [...flattenTree<ParameterSpec>(SPECS)].map(([path, { shape }]) => [path, { shape }]),
  );
  const program = compile({
    variables,
    functions: {
      gradients: {
        inputs: { ids: { shape: [2, 4], dtype: 'int32' } },
        run: ({ ids }, access) => {
          const parameters = new Map(Object.keys(variables).map((path) => [path, access.get(path)]));
          return Object.fromEntries(gradients(parameters, ids!, options));
        },
      },
    },
  });
  program.assign(VALUES);
  const results = program.call('gradients', { ids: Int32Array.from(IDS) });
  program.dispose();
  return new Map(Object.entries(results)) as Map<string, Float32Array>;
}
