import {
  createRandom,
  flattenTree,
  initialize,
  layerNorm,
  loadTensorflow,
  sizeOf,
  unflattenTree,
} from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipVision, clipVisionHiddenStates, clipVisionPooled } from './clip-vision.js';
import {
  CLIP_VIT_B_16,
  CLIP_VIT_B_32,
  CLIP_VIT_L_14_336,
  featureCount,
  SIGLIP_B_16,
  SIGLIP_SO400M_14_384,
} from './config.js';
import type { ClipVisionConfig } from './config.js';
import { clipVisionParameters, visionParameters, visionTrunk } from './parameters.js';
import type { ClipVisionParameters, ClipVisionTrunk } from './parameters.js';

const CONFIG: ClipVisionConfig = {
  kind: 'clip',
  imageSizePx: 14, // leaves two pixels beyond the last whole patch
  patchSizePx: 4,
  hidden: 12,
  inner: 20,
  layers: 3,
  heads: 2,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
};
const SPECS = clipVisionParameters(CONFIG);
const VALUES = initialize(SPECS, createRandom(1));

beforeAll(async () => {
  await loadTensorflow();
});

function parameters<T = ClipVisionParameters>(specs: unknown = SPECS): T {
  const leaves = [...flattenTree<ParameterSpec>(specs)].map(([path, { shape }]): [string, Tensor] => [
    path,
    tf.tensor(VALUES.get(path)!, [...shape]),
  ]);
  return unflattenTree<T, Tensor>(specs, new Map(leaves));
}

function somePixels(): Tensor {
  return tf.randomNormal([2, 3, 14, 14], 0, 1, 'float32', 7);
}

function run(compute: () => Tensor): Float32Array {
  return tf.tidy(compute).dataSync() as Float32Array;
}

describe('clipVision', () => {
  it('embeds patches as a convolution without overlap does, in reading order', () => {
    const embedded = run(() => {
      const p = parameters();
      const first = clipVisionHiddenStates(p, somePixels(), CONFIG, 0)[0]!;
      return tf.slice(first, [0, 1, 0], [2, 9, 12]);
    });
    const wanted = run(() => {
      const p = parameters();
      const kernel = tf.transpose(p.patchEmbedding.weight, [2, 3, 1, 0]) as tf.Tensor4D;
      const image = tf.transpose(somePixels(), [0, 2, 3, 1]) as tf.Tensor4D;
      const patches = tf.reshape(tf.conv2d(image, kernel, 4, 'valid'), [2, 9, 12]);
      return layerNorm(p.preNorm, tf.add(patches, tf.slice(p.positionEmbedding.weight, [1, 0], [9, 12])), 1e-5);
    });
    expect(embedded.length).toBe(wanted.length);
    embedded.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5));
  });

  it('counts feature layers from either end and leaves the class token out on request', () => {
    const fromStart = run(() =>
      clipVision(parameters(), somePixels(), CONFIG, { featureLayer: 2, select: 'cls_patch' }),
    );
    const fromEnd = run(() => clipVision(parameters(), somePixels(), CONFIG, { featureLayer: -2, select: 'patch' }));
    expect(fromStart.length).toBe(2 * featureCount(CONFIG, 'cls_patch') * 12);
    expect(fromEnd.length).toBe(2 * featureCount(CONFIG, 'patch') * 12);
    expect(fromEnd.subarray(0, 9 * 12)).toEqual(fromStart.subarray(12, 10 * 12));
  });

  it('needs neither the layers behind the features nor the last norm', () => {
    const trunkSpecs = visionTrunk(SPECS, CONFIG, -2);
    expect([...flattenTree(trunkSpecs).keys()].filter((path) => /^(blocks\.2|postNorm)/.test(path))).toEqual([]);
    const choice = { featureLayer: -2, select: 'patch' } as const;
    const trunk = run(() => clipVision(parameters<ClipVisionTrunk>(trunkSpecs), somePixels(), CONFIG, choice));
    expect(trunk).toEqual(run(() => clipVision(parameters(), somePixels(), CONFIG, choice)));
  });

  it('sees a different picture in another one', () => {
    const choice = { featureLayer: -1, select: 'patch' } as const;
    const features = run(() => clipVision(parameters(), somePixels(), CONFIG, choice));
    expect(features.subarray(0, 9 * 12)).not.toEqual(features.subarray(9 * 12));
  });

  it('refuses a layer that does not exist, and pixels of another size', () => {
    expect(() => visionTrunk(SPECS, CONFIG, 4)).toThrow(
      'Feature layer 4 does not exist: the encoder has hidden states -4 to 3.',
    );
    const wrong = () =>
      run(() => clipVision(parameters(), tf.zeros([1, 3, 16, 16]), CONFIG, { featureLayer: -1, select: 'patch' }));
    expect(wrong).toThrow(LlavaError);
    expect(wrong).toThrow('[1, 3, 16, 16]; the encoder takes [images, 3, 14, 14]');
  });

  it.each([
    [CLIP_VIT_B_32, 87_456_000],
    [CLIP_VIT_B_16, 85_799_424],
    [CLIP_VIT_L_14_336, 303_507_456],
    [SIGLIP_B_16, 85_797_120],
    [SIGLIP_SO400M_14_384, 412_987_248],
  ] as const)('has as many parameters as the published encoder', (config, wanted) => {
    const shapes = [...flattenTree<ParameterSpec>(visionParameters(config)).values()];
    expect(shapes.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(wanted);
  });
});

describe('clipVisionPooled', () => {
  it('is the normed class token of the last layer', () => {
    const pooled = run(() => {
      const p = parameters();
      const last = clipVisionHiddenStates(p, somePixels(), CONFIG, CONFIG.layers).at(-1)!;
      return clipVisionPooled(p, last, CONFIG);
    });
    const wanted = run(() => {
      const p = parameters();
      const last = clipVision(p, somePixels(), CONFIG, { featureLayer: -1, select: 'cls_patch' });
      return layerNorm(p.postNorm, tf.squeeze(tf.slice(last, [0, 0, 0], [2, 1, 12]), [1]), 1e-5);
    });
    expect(pooled).toEqual(wanted);
  });
});
