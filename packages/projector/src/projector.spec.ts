import { createRandom, flattenTree, initialize, loadTensorflow, sizeOf, unflattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { BLIP2_QFORMER, projectorFromType, projectorTokens, projectorType } from './config.js';
import type { ProjectorConfig } from './config.js';
import { projectorFromHf, projectorToHf } from './hugging-face.js';
import { originalProjectorNames, projectorNames } from './names.js';
import { projector, projectorParameters } from './projector.js';
import type { LinearProjectorParameters, ProjectorParameters } from './projector.js';

const MLP: ProjectorConfig = { kind: 'mlp', layers: 2 };
const RESAMPLER: ProjectorConfig = { kind: 'resampler', latents: 4, depth: 2, heads: 3, headDim: 2, ffMult: 2 };
const QFORMER: ProjectorConfig = { kind: 'qformer', queries: 4, depth: 3, hidden: 6, heads: 2, inner: 8 };

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
      const p: LinearProjectorParameters = {
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
          { kind: 'linear' },
        ).dataSync(),
      ];
    });
    expect(values).toEqual([13, 27, 41, 14, 28, 42]);
  });

  it('has the exact GELU between its layers and none behind them', () => {
    const one = () => tf.tensor2d([[1]]);
    const [half, negative] = tf.tidy(() => {
      const p: LinearProjectorParameters = { layers: [{ weight: one() }, { weight: tf.tensor2d([[-1]]) }] };
      return [...projector(p, tf.tensor3d([[[1], [-1]]]), MLP).dataSync()];
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
      return projector(unflattenTree<ProjectorParameters>(specs, new Map(leaves)), tf.zeros([2, 3, 5]), {
        kind: 'mlp',
        layers: 3,
      }).shape;
    });
    expect(shape).toEqual([2, 3, 7]);
  });

  it('has as many parameters as the published ones', () => {
    expect(count({ kind: 'linear' }, 1024, 4096)).toBe(4_198_400);
    expect(count(MLP, 1024, 4096)).toBe(20_979_712);
    expect(count(MLP, 1024, 5120)).toBe(31_467_520);
    expect(count({ kind: 'identity' }, 1024, 1024)).toBe(0);
  });

  it.each([RESAMPLER, QFORMER])('makes a fixed number of tokens of any number of features: $kind', (config) => {
    const specs = projectorParameters(config, { input: 5, output: 7 });
    const shapes = flattenTree<ParameterSpec>(specs);
    const [fewer, more] = tf.tidy(() => {
      const leaves = [...initialize(specs, createRandom(0))].map(
        ([path, values]) => [path, tf.tensor(values, [...shapes.get(path)!.shape])] as const,
      );
      const p = unflattenTree<ProjectorParameters>(specs, new Map(leaves));
      return [3, 11].map((patches) => projector(p, tf.randomNormal([2, patches, 5]), config).shape);
    });
    expect(fewer).toEqual([2, projectorTokens(config, 3), 7]);
    expect(more).toEqual(fewer);
  });

  it('refuses an identity between parts of different widths', () => {
    expect(() => projectorParameters({ kind: 'identity' }, { input: 5, output: 7 })).toThrow(
      "Projector 'identity' needs an encoder as wide as the decoder, got 5 and 7; choose linear.",
    );
  });
});

describe('projector names', () => {
  it('are those of transformers and of LLaVA', () => {
    expect(projectorNames(MLP).get('layers.1.bias')).toBe('multi_modal_projector.linear_2.bias');
    expect(originalProjectorNames(MLP).get('layers.1.weight')).toBe('model.mm_projector.2.weight');
    expect(originalProjectorNames({ kind: 'linear' }).get('layers.0.weight')).toBe('model.mm_projector.weight');
  });

  it("are TinyLLaVA's of a resampler, BLIP-2's and LLaVA-NeXT's of a Q-Former", () => {
    expect(projectorNames(RESAMPLER).get('blocks.1.attention.keyValue.weight')).toBe(
      'multi_modal_projector.layers.1.0.to_kv.weight',
    );
    expect(originalProjectorNames(RESAMPLER).get('blocks.0.feedForward.outer.weight')).toBe(
      'model.mm_projector.layers.0.1.3.weight',
    );
    expect(projectorNames(QFORMER).get('blocks.2.crossAttention.query.bias')).toBe(
      'multi_modal_projector.qformer.encoder.layer.2.crossattention.attention.query.bias',
    );
    expect(originalProjectorNames(QFORMER).get('blocks.1.selfAttention.key.weight')).toBe(
      'model.vision_resampler.Qformer.bert.encoder.layer.1.attention.self.key.weight',
    );
    expect(originalProjectorNames(QFORMER).get('output.bias')).toBe('model.mm_projector.bias');
    expect(projectorNames(QFORMER).has('blocks.1.crossAttention.key.weight')).toBe(false);
  });

  it.each([MLP, RESAMPLER, QFORMER])('name every parameter, no two the same: $kind', (config) => {
    const paths = [...flattenTree(projectorParameters(config, { input: 2, output: 3 })).keys()];
    for (const names of [projectorNames(config), originalProjectorNames(config)]) {
      expect([...names.keys()]).toEqual(paths);
      expect(new Set(names.values()).size).toBe(names.size);
    }
  });
});

describe('projectorFromType', () => {
  it.each(['linear', 'mlp2x_gelu', 'mlp3x_gelu'])('reads %s, and projectorType writes it again', (type) => {
    expect(projectorType(projectorFromType(type))).toBe(type);
  });

  it.each(['mof', 'mlp0x_gelu', 'mlp2x_relu'])('refuses %s', (type) => {
    expect(() => projectorFromType(type)).toThrow(`Projector type '${type}' is not supported`);
  });
});

describe('projectorFromHf', () => {
  it.each([{ kind: 'identity' } as const, { kind: 'linear' } as const, MLP, RESAMPLER, QFORMER])(
    'reads what projectorToHf wrote: $kind',
    (config) => {
      expect(projectorFromHf(projectorToHf(config))).toEqual(config);
    },
  );

  it("fills what is absent with BLIP-2's sizes, and names a value that is none", () => {
    expect(projectorFromHf({ mm_projector_type: 'qformer' })).toEqual(BLIP2_QFORMER);
    expect(() => projectorFromHf({ mm_projector_type: 'resampler', mm_perceiver_depth: 1.5 })).toThrow(
      "config.json: 'mm_perceiver_depth' is 1.5; expected a whole number from 1.",
    );
    const every = { mm_projector_type: 'qformer', qformer_config: { cross_attention_frequency: 3 } };
    expect(() => projectorFromHf(every)).toThrow("'cross_attention_frequency' is 3; only 2 is supported here.");
  });
});
