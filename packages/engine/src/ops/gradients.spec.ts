import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { linear } from '../layers/linear.js';
import { layerNorm, rmsNorm } from '../layers/norm.js';
import { recordProgram } from '../graph/record-program.js';
import { compile } from '../program.js';
import { createRandom } from '../random.js';
import { loadTensorflow } from '../tensorflow.js';
import { recompute } from './recompute.js';
import { sparseCrossEntropy } from './sparse-cross-entropy.js';
import { valueAndGradients } from './value-and-gradients.js';

const random = createRandom(3);
const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal());

/** The derivative of `f` along `direction` by central differences, in float64 on the host as far as it goes. */
function centralDifference(
  f: (x: Tensor) => Tensor,
  at: Float32Array,
  shape: number[],
  direction: Float32Array,
): number {
  const h = 1e-2;
  const value = (sign: number): number =>
    tf.tidy(
      () =>
        f(
          tf.tensor(
            at.map((v, i) => v + sign * h * (direction[i] as number)),
            shape,
          ),
        ).dataSync()[0] as number,
    );
  return (value(1) - value(-1)) / (2 * h);
}

beforeAll(async () => {
  await loadTensorflow();
});

describe('a gradient agrees with central differences', () => {
  const labels = () => tf.tensor1d([1, -100, 3, 0], 'int32');
  const CASES: Record<string, { shape: number[]; f: (x: Tensor) => Tensor }> = {
    sparseCrossEntropy: {
      shape: [4, 5],
      f: (x) => tf.sum(tf.mul(sparseCrossEntropy(x, labels()), tf.tensor1d([1, 2, 3, 4]))),
    },
    layerNorm: {
      shape: [3, 4],
      f: (x) =>
        tf.sum(tf.square(layerNorm({ weight: tf.tensor1d([1, 2, 3, 4]), bias: tf.tensor1d([1, 0, 1, 0]) }, x, 1e-5))),
    },
    rmsNorm: {
      shape: [3, 4],
      f: (x) => tf.sum(tf.square(tf.add(rmsNorm({ weight: tf.tensor1d([1, 2, 3, 4]) }, x, 1e-5), 1))),
    },
    'gather, of rows used twice': {
      shape: [5, 2],
      f: (x) => tf.sum(tf.square(tf.gather(x, tf.tensor1d([1, 1, 4], 'int32')))),
    },
    recompute: {
      shape: [3, 4],
      f: (x) =>
        tf.sum(
          tf.square(
            recompute(
              (p: { w: Tensor }, input: Tensor) => tf.tanh(tf.mul(input, p.w)),
              { w: tf.tensor1d([1, 2, 0.5, 1]) },
              x,
            ),
          ),
        ),
    },
  };
  it.each(Object.entries(CASES))('of %s', (_, { shape, f }) => {
    const size = shape.reduce((a, b) => a * b);
    const at = normals(size);
    const direction = normals(size);
    const gradient = tf.tidy(() => {
      const x = tf.tensor(at, shape);
      return Array.from(
        (valueAndGradients(() => ({ loss: f(x) }), new Map([['x', x]])).gradients.get('x') as Tensor).dataSync(),
      );
    });
    const along = gradient.reduce((sum, g, i) => sum + g * (direction[i] as number), 0);
    expect(along).toBeCloseTo(centralDifference(f, at, shape, direction), 1);
    expect(Math.abs(along)).toBeGreaterThan(0.05);
  });
});

describe('sparseCrossEntropy', () => {
  it('is the negative logarithm of the softmax, and nothing for a label below zero', () => {
    const logits = [
      [1, 2, 3],
      [0, 0, 0],
    ];
    const losses = tf.tidy(() =>
      Array.from(sparseCrossEntropy(tf.tensor2d(logits), tf.tensor1d([2, -100], 'int32')).dataSync()),
    );
    expect(losses[0]).toBeCloseTo(Math.log(Math.exp(-2) + Math.exp(-1) + 1), 5);
    expect(losses[1]).toBe(0);
  });
});

describe('valueAndGradients', () => {
  it('gives the further outputs, and zeros for a parameter that the loss does not use', () => {
    tf.tidy(() => {
      const used = tf.tensor1d([1, 2]);
      const { outputs, gradients } = valueAndGradients(
        () => ({ loss: tf.sum(tf.square(used)), count: tf.scalar(7) }),
        new Map([
          ['used', used],
          ['unused', tf.ones([3])],
        ]),
      );
      expect(outputs.loss.dataSync()[0]).toBe(5);
      expect(outputs['count'].dataSync()[0]).toBe(7);
      expect(Array.from(gradients.get('used')?.dataSync() ?? [])).toEqual([2, 4]);
      expect(Array.from(gradients.get('unused')?.dataSync() ?? [])).toEqual([0, 0, 0]);
    });
  });

  it('leaves no tensor behind in eager mode', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      valueAndGradients(() => ({ loss: tf.sum(tf.square(x)), twice: tf.mul(x, 2) }), new Map([['x', x]]));
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('recompute', () => {
  const parameters = { weight: { shape: [8, 8] } };
  const block = (p: { weight: Tensor }, x: Tensor): Tensor => tf.add(x, tf.tanh(linear(p, tf.tanh(linear(p, x)))));
  const definition = (again: boolean) => ({
    variables: parameters,
    functions: {
      step: {
        inputs: { x: { shape: [4, 8] } },
        run: ({ x }: Record<string, Tensor>, variables: { get(name: string): Tensor }) => {
          const weight = variables.get('weight');
          const run = (input: Tensor): Tensor =>
            again ? recompute(block, { weight }, input) : block({ weight }, input);
          const { outputs, gradients } = valueAndGradients(
            () => ({ loss: tf.sum(run(run(x as Tensor))) }),
            new Map([['weight', weight]]),
          );
          return { loss: outputs.loss, gradient: gradients.get('weight') as Tensor };
        },
      },
    },
  });

  it('computes each block twice in the graph, and its replay waits for the gradient that needs it', () => {
    const tanhs = (again: boolean) => recordProgram(definition(again)).nodes.filter(({ op }) => op === 'Tanh');
    expect(tanhs(false)).toHaveLength(4);
    expect(tanhs(true)).toHaveLength(8);
    const { nodes } = recordProgram(definition(true));
    expect(nodes.some(({ op, input }) => op === 'BatchMatMulV2' && input.some((name) => name.startsWith('^')))).toBe(
      true,
    );
  });

  it('gives the same loss and gradient as keeping the activations', () => {
    const inputs = { x: normals(32) };
    const weight = normals(64).map((v) => v / 4);
    const [kept, replayed] = [false, true].map((again) => {
      const program = compile(definition(again));
      program.assign(new Map([['weight', weight]]));
      const result = program.call('step', inputs);
      program.dispose();
      return result;
    });
    for (const output of ['loss', 'gradient']) {
      replayed?.[output]?.forEach((value, i) => expect(value).toBeCloseTo(kept?.[output]?.[i] as number, 4));
    }
  });
});
