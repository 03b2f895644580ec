import { loadTensorflow } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINYLLAMA_1_1B } from './config.js';
import { rotaryAt, rotaryFrequencies, rotaryTable, rotate } from './rotary.js';

const CONFIG = { ...TINYLLAMA_1_1B, headDim: 8 };

beforeAll(async () => {
  await loadTensorflow();
});

describe('rotate', () => {
  it('turns feature i together with feature i + headDim / 2', () => {
    const angle = 3 * rotaryFrequencies(CONFIG)[1]!;
    const turned = tf.tidy(() => {
      const table = rotaryTable(CONFIG, 4);
      const x = tf.tensor4d([0, 2, 0, 0, 0, 5, 0, 0], [1, 1, 1, 8]);
      return [...rotate(x, rotaryAt(table, tf.tensor2d([[3]], [1, 1], 'int32'))).dataSync()];
    });
    const wanted = [
      0,
      2 * Math.cos(angle) - 5 * Math.sin(angle),
      0,
      0,
      0,
      5 * Math.cos(angle) + 2 * Math.sin(angle),
      0,
      0,
    ];
    wanted.forEach((value, i) => expect(turned[i]).toBeCloseTo(value, 5));
  });

  it('makes the product of a query and a key depend on their distance only', () => {
    const product = (queryAt: number, keyAt: number) =>
      tf.tidy(() => {
        const table = rotaryTable(CONFIG, 12);
        const at = (position: number) => rotaryAt(table, tf.tensor2d([[position]], [1, 1], 'int32'));
        const query = rotate(tf.randomNormal([1, 1, 1, 8], 0, 1, 'float32', 1), at(queryAt));
        const key = rotate(tf.randomNormal([1, 1, 1, 8], 0, 1, 'float32', 2), at(keyAt));
        return tf.sum(tf.mul(query, key)).dataSync()[0]!;
      });
    expect(product(11, 7)).toBeCloseTo(product(4, 0), 4);
    expect(product(11, 7)).not.toBeCloseTo(product(11, 6), 4);
  });
});

describe('rotaryFrequencies', () => {
  it('falls from 1 towards 1 / theta', () => {
    const [first, second] = rotaryFrequencies(CONFIG);
    expect(first).toBe(1);
    expect(second).toBeCloseTo(10000 ** -0.25, 6);
  });

  it('divides every frequency by the factor of linear scaling', () => {
    const scaled = rotaryFrequencies({ ...CONFIG, ropeScaling: { kind: 'linear', factor: 4 } });
    rotaryFrequencies(CONFIG).forEach((frequency, i) => expect(scaled[i]).toBeCloseTo(frequency / 4, 7));
  });

  it('keeps high frequencies and divides low ones in llama3 scaling', () => {
    const ropeScaling = {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxTokens: 8192,
    } as const;
    const config = { ...CONFIG, headDim: 128, ropeTheta: 500000 };
    const plain = rotaryFrequencies(config);
    const scaled = rotaryFrequencies({ ...config, ropeScaling });
    expect(scaled[0]).toBe(plain[0]);
    expect(scaled[63]).toBeCloseTo(plain[63]! / 8, 10);
    const middle = plain.findIndex((frequency) => (8192 * frequency) / (2 * Math.PI) < 3);
    expect(scaled[middle]! / plain[middle]!).toBeGreaterThan(1 / 8);
    expect(scaled[middle]! / plain[middle]!).toBeLessThan(1);
  });
});
