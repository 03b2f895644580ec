import { createRandom, flattenTree, initialize, loadTensorflow, sizeOf, unflattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectorFromType, projectorType } from './config.js';
import type { ProjectorConfig } from './config.js';
import { originalProjectorNames, projectorNames } from './names.js';
import { projector, projectorParameters } from './projector.js';
import type { ProjectorParameters } from './projector.js';

const MLP: ProjectorConfig = { kind: 'mlp', layers: 2 };

beforeAll(async () => {
  await loadTensorflow();
});

function count(config: ProjectorConfig, input: number, output: number): number {
  const specs = flattenTree<ParameterSpec>(projectorParameters(config, { input, output })).values();
  return [...specs].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

describe('projector', () => {
  it('is a matrix and a bias when it is linear', () => {
    const values = tf.tidy(() => {
      const p: ProjectorParameters = {
        layers: [
          {
            weight: tf.tensor2d([
              [1, 2],
              [3, 4],
              [5, 6],
            ]),
            bias: tf.tensor1d([10, 20, 30]),
          },
        ],
      };
      return [
        ...projector(
          p,
          tf.tensor3d([
            [
              [1, 1],
              [0, 2],
            ],
          ]),
        ).dataSync(),
      ];
    });
    expect(values).toEqual([13, 27, 41, 14, 28, 42]);
  });

  it('has the exact GELU between its layers and none behind them', () => {
    const one = () => tf.tensor2d([[1]]);
    const [half, negative] = tf.tidy(() => {
      const p: ProjectorParameters = { layers: [{ weight: one() }, { weight: tf.tensor2d([[-1]]) }] };
      return [...projector(p, tf.tensor3d([[[1], [-1]]])).dataSync()];
    });
    expect(half).toBeCloseTo(-0.8413447, 6);
    expect(negative).toBeCloseTo(0.1586553, 6);
  });

  it('changes the width in its first layer only', () => {
    const specs = projectorParameters({ kind: 'mlp', layers: 3 }, { input: 5, output: 7 });
    const shape = tf.tidy(() => {
      const leaves = [...initialize(specs, createRandom(0))].map(
        ([path, values]) => [path, tf.tensor(values, [...flattenTree<ParameterSpec>(specs).get(path)!.shape])] as const,
      );
      return projector(unflattenTree<ProjectorParameters>(specs, new Map(leaves)), tf.zeros([2, 3, 5])).shape;
    });
    expect(shape).toEqual([2, 3, 7]);
  });

  it('has as many parameters as the published ones', () => {
    expect(count({ kind: 'linear' }, 1024, 4096)).toBe(4_198_400);
    expect(count(MLP, 1024, 4096)).toBe(20_979_712);
    expect(count(MLP, 1024, 5120)).toBe(31_467_520);
  });
});

describe('projector names', () => {
  it('are those of transformers and of LLaVA', () => {
    expect(projectorNames(MLP).get('layers.1.bias')).toBe('multi_modal_projector.linear_2.bias');
    expect(originalProjectorNames(MLP).get('layers.1.weight')).toBe('model.mm_projector.2.weight');
    expect(originalProjectorNames({ kind: 'linear' }).get('layers.0.weight')).toBe('model.mm_projector.weight');
  });

  it('name every parameter', () => {
    const paths = [...flattenTree(projectorParameters(MLP, { input: 2, output: 3 })).keys()];
    expect([...projectorNames(MLP).keys()]).toEqual(paths);
    expect([...originalProjectorNames(MLP).keys()]).toEqual(paths);
  });
});

describe('projectorFromType', () => {
  it.each(['linear', 'mlp2x_gelu', 'mlp3x_gelu'])('reads %s, and projectorType writes it again', (type) => {
    expect(projectorType(projectorFromType(type))).toBe(type);
  });

  it.each(['resampler', 'mlp0x_gelu', 'mlp2x_relu'])('refuses %s', (type) => {
    expect(() => projectorFromType(type)).toThrow(`Projector type '${type}' is not supported`);
  });
});
