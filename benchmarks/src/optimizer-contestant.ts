import { compile, loadTensorflow } from '@llava-ts/engine';
import type { VariableAccess } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { serve } from './contestant.js';

const PARAMETERS = 50_000_000;

/** Our AdamW on 50 million parameters that live in the session; the gradient lives there too. */
async function serveAdamW(weightDecay: number): Promise<void> {
  await loadTensorflow();
  const shape = [PARAMETERS];
  const scalar = { shape: [] };
  const program = compile({
    variables: { w: { shape }, m: { shape }, v: { shape }, gradient: { shape } },
    functions: {
      step: {
        inputs: { learningRate: scalar, beta1Power: scalar, beta2Power: scalar },
        run: (inputs, variables: VariableAccess) => {
          const { learningRate, beta1Power, beta2Power } = inputs as Record<
            'learningRate' | 'beta1Power' | 'beta2Power',
            Tensor
          >;
          const gradient = variables.get('gradient');
          variables.adamW({
            parameter: 'w',
            firstMoment: 'm',
            secondMoment: 'v',
            gradient,
            learningRate,
            beta1Power,
            beta2Power,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weightDecay,
          });
          return {};
        },
      },
      fill: {
        inputs: {},
        run: (_, variables) => {
          variables.assign('gradient', tf.fill(shape, 0.01));
          variables.assign('w', tf.fill(shape, 0.5));
          return {};
        },
      },
    },
  });
  program.call('fill', {});
  let count = 0;
  const step = (): void => {
    count += 1;
    program.call('step', {
      learningRate: Float32Array.of(1e-3),
      beta1Power: Float32Array.of(0.9 ** count),
      beta2Power: Float32Array.of(0.999 ** count),
    });
  };
  step();
  step();
  await serve({ parameters: PARAMETERS }, step);
}

/** A plain copy of as many bytes: what the memory can do. */
async function serveCopy(): Promise<void> {
  const source = new Float32Array(PARAMETERS).fill(1);
  const target = new Float32Array(PARAMETERS);
  target.set(source);
  await serve({ bytes: PARAMETERS * 8 }, () => target.set(source));
}

const mode = process.argv[2] ?? 'decay';
await (mode === 'copy' ? serveCopy() : serveAdamW(mode === 'decay' ? 0.01 : 0));
