import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gelu, quickGelu, silu } from '../layers/activation.js';
import { linear } from '../layers/linear.js';
import { layerNorm, rmsNorm } from '../layers/norm.js';
import { inferableOps } from '../graph/shape-inference.js';
import { recordProgram } from '../graph/record-program.js';
import { compile } from '../program.js';
import type { ProgramDefinition } from '../graph/record-program.js';
import { createRandom } from '../random.js';
import { loadTensorflow } from '../tensorflow.js';
import { dropout } from './dropout.js';
import { sparseCrossEntropy } from './sparse-cross-entropy.js';

type Inputs = { x: Tensor; y: Tensor; m: Tensor; n: Tensor; ids: Tensor };

/** Every op that model code may use, on `x`, `y` [2, 3, 4], `m` [4, 5], `n` [6, 4], `ids` [3] int32. */
const CASES: Readonly<Record<string, (inputs: Inputs) => Tensor | Tensor[]>> = {
  add: ({ x, y }) => tf.add(x, y),
  'add with broadcast': ({ x }) => tf.add(x, tf.tensor1d([1, 2, 3, 4])),
  sub: ({ x, y }) => tf.sub(x, y),
  mul: ({ x, y }) => tf.mul(x, y),
  div: ({ x, y }) => tf.div(x, tf.add(tf.abs(y), 1)),
  maximum: ({ x, y }) => tf.maximum(x, y),
  minimum: ({ x, y }) => tf.minimum(x, y),
  squaredDifference: ({ x, y }) => tf.squaredDifference(x, y),
  pow: ({ x }) => tf.pow(tf.abs(x), tf.scalar(1.5)),
  neg: ({ x }) => tf.neg(x),
  exp: ({ x }) => tf.exp(x),
  log: ({ x }) => tf.log(tf.add(tf.abs(x), 0.1)),
  sqrt: ({ x }) => tf.sqrt(tf.abs(x)),
  rsqrt: ({ x }) => tf.rsqrt(tf.add(tf.abs(x), 0.1)),
  square: ({ x }) => tf.square(x),
  abs: ({ x }) => tf.abs(x),
  sign: ({ x }) => tf.sign(x),
  floor: ({ x }) => tf.floor(x),
  reciprocal: ({ x }) => tf.reciprocal(tf.add(tf.abs(x), 1)),
  sigmoid: ({ x }) => tf.sigmoid(x),
  tanh: ({ x }) => tf.tanh(x),
  erf: ({ x }) => tf.erf(x),
  relu: ({ x }) => tf.relu(x),
  sin: ({ x }) => tf.sin(x),
  cos: ({ x }) => tf.cos(x),
  softmax: ({ x }) => tf.softmax(x),
  logSoftmax: ({ x }) => tf.logSoftmax(x),
  sum: ({ x }) => tf.sum(x),
  'sum over an axis': ({ x }) => tf.sum(x, 1),
  'sum, axis kept': ({ x }) => tf.sum(x, -1, true),
  mean: ({ x }) => tf.mean(x, [0, 2]),
  max: ({ x }) => tf.max(x, -1),
  min: ({ x }) => tf.min(x, 0),
  prod: ({ x }) => tf.prod(x, 2),
  argMax: ({ x }) => tf.argMax(x, -1),
  cumsum: ({ x }) => tf.cumsum(x, -1),
  'matMul of matrices': ({ n, m }) => tf.matMul(n, m),
  'matMul, second transposed': ({ n }) => tf.matMul(n, n, false, true),
  'matMul, first transposed': ({ n }) => tf.matMul(n, n, true, false),
  'matMul of batches': ({ x, y }) => tf.matMul(x, y, false, true),
  'matMul with broadcast batches': ({ x, m }) => tf.matMul(x, tf.expandDims(m, 0)),
  reshape: ({ x }) => tf.reshape(x, [4, -1]),
  transpose: ({ x }) => tf.transpose(x, [2, 0, 1]),
  expandDims: ({ x }) => tf.expandDims(x, 1),
  squeeze: ({ x }) => tf.squeeze(tf.expandDims(x, 1)),
  concat: ({ x, y }) => tf.concat([x, y], 1),
  stack: ({ x, y }) => tf.stack([x, y], 1),
  unstack: ({ x }) => tf.unstack(x, 1),
  split: ({ x }) => tf.split(x, 2, -1),
  slice: ({ x }) => tf.slice(x, [0, 1, 1], [-1, 2, 2]),
  stridedSlice: ({ x }) => tf.stridedSlice(x, [0, 0, 0], [2, 3, 4], [1, 2, 2]),
  pad: ({ x }) =>
    tf.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [0, 1],
      ],
      0.5,
    ),
  tile: ({ x }) => tf.tile(x, [1, 2, 1]),
  broadcastTo: ({ m }) => tf.broadcastTo(tf.expandDims(m, 0), [3, 4, 5]),
  reverse: ({ x }) => tf.reverse(x, 1),
  gather: ({ n, ids }) => tf.gather(n, ids),
  'gather of an inner axis': ({ n, ids }) => tf.gather(n, ids, 1),
  unsortedSegmentSum: ({ x, ids }) =>
    tf.unsortedSegmentSum(tf.reshape(tf.slice(x, [0, 0, 0], [1, 3, 4]), [3, 4]), ids as tf.Tensor1D, 4),
  oneHot: ({ ids }) => tf.cast(tf.oneHot(ids, 5), 'float32'),
  cast: ({ x }) => tf.cast(x, 'int32'),
  where: ({ x, y }) =>
    tf.where(
      tf.tensor3d([1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1], [1, 3, 4], 'bool'),
      tf.slice(x, [0, 0, 0], [1, 3, 4]),
      tf.slice(y, [0, 0, 0], [1, 3, 4]),
    ),
  comparisons: ({ x, y }) =>
    [tf.less(x, y), tf.lessEqual(x, x), tf.greaterEqual(x, y), tf.equal(x, x), tf.notEqual(x, y)].map((b) =>
      tf.cast(b, 'int32'),
    ),
  logic: ({ x, y }) =>
    tf.cast(tf.logicalOr(tf.logicalNot(tf.greater(x, y)), tf.logicalAnd(tf.less(x, y), tf.greater(y, 0))), 'int32'),
  fill: ({ x }) => tf.add(tf.fill([4], 2.5), x),
  zerosLike: ({ x }) => tf.zerosLike(x),
  onesLike: ({ x }) => tf.onesLike(x),
  'a large constant': ({ x }) => tf.add(tf.sum(x), tf.zeros([50, 60])),
  addN: ({ x, y }) => tf.addN([x, y, x]),
  gelu: ({ x }) => gelu(x),
  quickGelu: ({ x }) => quickGelu(x),
  silu: ({ x }) => silu(x),
  linear: ({ x, n }) => linear({ weight: n, bias: tf.tensor1d([1, 2, 3, 4, 5, 6]) }, x),
  layerNorm: ({ x }) => layerNorm({ weight: tf.tensor1d([1, 2, 3, 4]), bias: tf.tensor1d([0, 1, 0, 1]) }, x, 1e-5),
  rmsNorm: ({ x }) => rmsNorm({ weight: tf.tensor1d([1, 2, 3, 4]) }, x, 1e-5),
  dropout: ({ n }) => dropout(n, 0.3, tf.tensor1d([5, 7], 'int32')),
  sparseCrossEntropy: ({ n, ids }) =>
    sparseCrossEntropy(tf.slice(n, [0, 0], [3, 4]), tf.sub(ids, tf.scalar(1, 'int32'))),
};

/** No gradient exists, or tfjs's own is missing or wrong (cumsum, broadcast batches); the rest are compared with their gradients. */
const WITHOUT_GRADIENT = new Set([
  'argMax',
  'cumsum',
  'matMul with broadcast batches',
  'sign',
  'floor',
  'oneHot',
  'cast',
  'comparisons',
  'logic',
  'zerosLike',
  'onesLike',
  'stridedSlice',
  'a large constant',
]);

const SHAPES = { x: [2, 3, 4], y: [2, 3, 4], m: [4, 5], n: [6, 4] };
const random = createRandom(5);
const values = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => [
    name,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  ]),
);
const ids = Int32Array.from([2, 0, 3]);

function asList(result: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(result) ? result : [result];
}

/** The case's outputs, and the gradient of their weighted sum by each float input. */
function compute(name: string, inputs: Inputs): Tensor[] {
  const run = CASES[name] as (inputs: Inputs) => Tensor | Tensor[];
  if (WITHOUT_GRADIENT.has(name)) return asList(run(inputs));
  const floats = [inputs.x, inputs.y, inputs.m, inputs.n];
  const outputs: Tensor[] = [];
  const { grads } = tf.engine().gradients(
    () => {
      const results = asList(run(inputs));
      outputs.push(...results.map((result) => tf.keep(result)));
      return tf.addN<tf.Scalar>(results.map((result) => tf.sum(tf.mul(result, tf.add(result, 0.5)))));
    },
    floats,
    undefined,
    true,
  );
  return [...outputs, ...floats.map((tensor, index) => grads[index] ?? tf.zerosLike(tensor))];
}

function definition(name: string, outputs: number): ProgramDefinition {
  return {
    variables: {},
    functions: {
      case: {
        inputs: {
          ...Object.fromEntries(Object.entries(SHAPES).map(([input, shape]) => [input, { shape }])),
          ids: { shape: [3], dtype: 'int32' },
        },
        run: (inputs) => {
          const results = compute(name, inputs as Inputs);
          expect(results).toHaveLength(outputs);
          return Object.fromEntries(results.map((tensor, index) => [String(index), tensor]));
        },
      },
    },
  };
}

function eager(name: string): { shape: number[]; data: number[] }[] {
  return tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(SHAPES).map(([input, shape]) => [input, tf.tensor(values[input] as Float32Array, shape)]),
    );
    const results = compute(name, { ...tensors, ids: tf.tensor1d(ids, 'int32') } as unknown as Inputs);
    return results.map((tensor) => ({ shape: tensor.shape, data: Array.from(tensor.dataSync()) }));
  });
}

beforeAll(async () => {
  await loadTensorflow();
});

describe('an op gives the same, eagerly and compiled, with its gradients', () => {
  it.each(Object.keys(CASES))('%s', (name) => {
    const expected = eager(name);
    const program = compile(definition(name, expected.length));
    const results = program.run('case', { ...values, ids });
    expected.forEach(({ shape, data }, index) => {
      const tensor = results[String(index)] as Tensor;
      expect(tensor.shape, `shape of output ${index}`).toEqual(shape);
      const actual = Array.from(tensor.dataSync());
      actual.forEach((value, at) => expect(value, `output ${index} at ${at}`).toBeCloseTo(data[at] as number, 4));
    });
    tf.dispose(results);
    program.dispose();
  });
});

describe('shape inference', () => {
  it('knows all but the ops that are listed here, so that nothing is run while a model is recorded', () => {
    const inferable = new Set(inferableOps());
    const executed = new Set<string>();
    for (const name of Object.keys(CASES)) {
      const { nodes } = recordProgram(definition(name, eager(name).length));
      for (const { op } of nodes)
        if (!inferable.has(op) && !['Placeholder', 'Const', 'EnsureShape'].includes(op)) executed.add(op);
    }
    expect([...executed].sort()).toEqual(['StridedSlice']);
  });
});
