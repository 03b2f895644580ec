import { describe, expect, it } from 'vitest';
import { adamWInPlace, type AdamWTensor } from './adamw.js';
import { BLOCK } from './adamw-kernel.js';

const settings = { learningRate: 1e-2, scale: 0.25, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };
const tensor = (size: number): AdamWTensor => ({
  parameter: Float32Array.from({ length: size }, (_, i) => Math.cos(i)),
  firstMoment: new Float32Array(size),
  secondMoment: new Float32Array(size),
  sum: Float32Array.from({ length: size }, (_, i) => Math.sin(3 * i + 1)),
});

/** The definition, in float64. */
function reference(size: number, updates: number): number[] {
  const { learningRate, scale, beta1, beta2, eps, weightDecay } = settings;
  const start = tensor(size);
  return [...start.parameter].map((value, i) => {
    let [parameter, first, second] = [value, 0, 0];
    for (let update = 1; update <= updates; update++) {
      const gradient = start.sum[i]! * scale;
      first = beta1 * first + (1 - beta1) * gradient;
      second = beta2 * second + (1 - beta2) * gradient ** 2;
      parameter -= learningRate * weightDecay * parameter;
      parameter -= (learningRate * first) / (1 - beta1 ** update) / (Math.sqrt(second / (1 - beta2 ** update)) + eps);
    }
    return parameter;
  });
}

describe('AdamW', () => {
  it.each([1, 3, 4, 17, BLOCK - 1, BLOCK, BLOCK + 5])('follows the definition on %i elements', (size) => {
    const learning = tensor(size);
    for (let update = 1; update <= 5; update++) adamWInPlace(learning, { ...settings, update });
    reference(size, 5).forEach((value, i) => {
      if (Math.abs(learning.parameter[i]! - value) > 2e-6)
        throw new Error(`element ${i} is ${learning.parameter[i]}, expected ${value}`);
    });
  });

  it('treats every element alike, wherever a tensor is cut', () => {
    const whole = tensor(1000);
    const parts = tensor(1000);
    adamWInPlace(whole, { ...settings, update: 3 });
    for (const [start, end] of [
      [0, 333],
      [333, 1000],
    ] as const) {
      const cut = (array: Float32Array): Float32Array => array.subarray(start, end);
      adamWInPlace(
        {
          parameter: cut(parts.parameter),
          firstMoment: cut(parts.firstMoment),
          secondMoment: cut(parts.secondMoment),
          sum: cut(parts.sum),
        },
        { ...settings, update: 3 },
      );
    }
    expect(parts.parameter).toEqual(whole.parameter);
    expect(parts.secondMoment).toEqual(whole.secondMoment);
  });

  it('leaves an empty tensor alone', () => {
    expect(() => adamWInPlace(tensor(0), { ...settings, update: 1 })).not.toThrow();
  });
});
