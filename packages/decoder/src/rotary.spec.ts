import { loadTensorflow } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TINYLLAMA_1_1B } from './config.js';
import type { DecoderConfig } from './config.js';
import { rotaryFrequencies } from './rope-frequencies.js';
import { rotaryAt, rotaryTable, rotate } from './rotary.js';
import type { Rotary } from './rotary.js';

const CONFIG = { ...TINYLLAMA_1_1B, headDim: 8 };

/** Tables of the one token of one row that stands at `position`. */
function rotaryOf(config: DecoderConfig, position: number, maxTokens: number): Rotary {
  const positions = tf.tensor2d([[position]], [1, 1], 'int32');
  return rotaryAt(config, { positions, lengths: tf.tensor1d([position + 1], 'int32'), maxTokens });
}

beforeAll(async () => {
  await loadTensorflow();
});

describe('rotate', () => {
  it('turns feature i together with feature i + headDim / 2', () => {
    const angle = 3 * rotaryFrequencies(CONFIG)[1]!;
    const turned = tf.tidy(() => {
      const x = tf.tensor4d([0, 2, 0, 0, 0, 5, 0, 0], [1, 1, 1, 8]);
      return [...rotate(x, rotaryOf(CONFIG, 3, 4)).dataSync()];
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
        const at = (position: number) => rotaryOf(CONFIG, position, 12);
        const query = rotate(tf.randomNormal([1, 1, 1, 8], 0, 1, 'float32', 1), at(queryAt));
        const key = rotate(tf.randomNormal([1, 1, 1, 8], 0, 1, 'float32', 2), at(keyAt));
        return tf.sum(tf.mul(query, key)).dataSync()[0]!;
      });
    expect(product(11, 7)).toBeCloseTo(product(4, 0), 4);
    expect(product(11, 7)).not.toBeCloseTo(product(11, 6), 4);
  });
});

describe('dynamic scaling', () => {
  const dynamic: DecoderConfig = { ...CONFIG, maxTokens: 6, ropeScaling: { kind: 'dynamic', factor: 2 } };

  it('turns a token as the table of a sequence that ends with it', () => {
    for (const position of [4, 5, 6, 11]) {
      const [one, table] = tf.tidy(() => {
        const { cos, sin } = rotaryOf(dynamic, position, 12);
        const whole = rotaryTable(dynamic, position + 1);
        const last = (all: tf.Tensor) => tf.slice(all, [position, 0], [1, 8]);
        return [
          [...cos.dataSync(), ...sin.dataSync()],
          [...last(whole.cos).dataSync(), ...last(whole.sin).dataSync()],
        ];
      });
      table.forEach((value, i) => expect(one[i]).toBeCloseTo(value, 5));
    }
  });

  it('changes nothing up to the length that the decoder was made for, and slows down behind it', () => {
    expect(rotaryFrequencies(dynamic, 6)).toEqual(rotaryFrequencies(CONFIG));
    expect(rotaryFrequencies(dynamic, 7)[3]).toBeLessThan(rotaryFrequencies(CONFIG)[3]!);
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
