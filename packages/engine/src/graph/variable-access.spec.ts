import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../program.js';
import { loadTensorflow } from '../tensorflow.js';

/** AdamW as PyTorch computes it (torch.optim.AdamW), in float64. */
function referenceAdamW(parameter: number[], gradients: number[][], options: { lr: number; decay: number }): number[] {
  const [beta1, beta2, epsilon] = [0.9, 0.99, 1e-3];
  const w = [...parameter];
  const m = w.map(() => 0);
  const v = w.map(() => 0);
  gradients.forEach((gradient, index) => {
    const step = index + 1;
    gradient.forEach((g, i) => {
      w[i] = (w[i] as number) * (1 - options.lr * options.decay);
      m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
      v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
      const denominator = Math.sqrt(v[i]) / Math.sqrt(1 - beta2 ** step) + epsilon;
      w[i] = w[i] - ((options.lr / (1 - beta1 ** step)) * m[i]) / denominator;
    });
  });
  return w;
}

beforeAll(async () => {
  await loadTensorflow();
});

describe('adamW', () => {
  it.each([0, 0.1])('takes the same steps as PyTorch, with weight decay %d', (weightDecay) => {
    const scalar = { shape: [] };
    const program = compile({
      variables: { w: { shape: [3] }, m: { shape: [3] }, v: { shape: [3] } },
      functions: {
        step: {
          inputs: { gradient: { shape: [3] }, learningRate: scalar, beta1Power: scalar, beta2Power: scalar },
          run: ({ gradient, learningRate, beta1Power, beta2Power }, variables) => {
            if (!gradient || !learningRate || !beta1Power || !beta2Power) throw new Error('inputs');
            const names = { parameter: 'w', firstMoment: 'm', secondMoment: 'v' };
            variables.adamW({
              ...names,
              gradient,
              learningRate,
              beta1Power,
              beta2Power,
              beta1: 0.9,
              beta2: 0.99,
              epsilon: 1e-3,
              weightDecay,
            });
            return {};
          },
        },
      },
    });
    const start = [1, -2, 0.5];
    const gradients = [
      [0.1, -0.2, 0.001],
      [0.3, 0.1, -0.002],
      [-0.5, 0.4, 0.001],
    ];
    program.assign(new Map([['w', Float32Array.from(start)]]));
    gradients.forEach((gradient, index) =>
      program.call('step', {
        gradient: Float32Array.from(gradient),
        learningRate: Float32Array.of(0.05),
        beta1Power: Float32Array.of(0.9 ** (index + 1)),
        beta2Power: Float32Array.of(0.99 ** (index + 1)),
      }),
    );
    const expected = referenceAdamW(start, gradients, { lr: 0.05, decay: weightDecay });
    [...(program.read(['w']).get('w') as Float32Array)].forEach((value, i) =>
      expect(value).toBeCloseTo(expected[i] as number, 5),
    );
    program.dispose();
  });
});
