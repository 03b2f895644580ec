import {
  cosineLearningRate,
  createLeaseProgram,
  createUpdateState,
  gradientScales,
  partTensors,
} from '@llava-ts/trainer';
import type { LeaseProgram } from '@llava-ts/trainer';
import type { Numbers, Stage } from './computations.js';
import { visualIndexOf } from './golden-case.js';
import type { GoldenCase } from './golden-case.js';

const TRAINABLE = { projector: ['projector'], 'projector+decoder': ['projector', 'decoder'] } as const;
const WARMUP_STEPS = 2;

/**
 * Trains a stage on the case's batch, every row a lease of its own, as often as the reference did.
 * @returns loss and gradient norm of every step, each a tensor of one number
 */
export function trainAlong(golden: GoldenCase, stage: Stage): Numbers {
  const { config, weights } = golden.model;
  const { loss, peak_lr: peak, weight_decay: weightDecay, betas, eps, clip_norm: clipNorm } = golden.stages[stage];
  const [rows = 0, tokens = 0] = golden.inputs.get('input_ids')!.shape;
  const trainable = TRAINABLE[stage];
  const program = createLeaseProgram({
    config,
    trainable,
    microBatchSamples: 1,
    bucketTokens: [tokens],
    precision: 'float32',
    recompute: false,
  });
  try {
    program.assign(weights);
    const features = featuresOf(golden, program, rows);
    const tensors = [...partTensors(config, trainable)].map(
      ([path, shape]) => [path, { shape, parameter: weights.get(path)!.slice() }] as const,
    );
    const state = createUpdateState(new Map(tensors));
    const steps = loss.length;
    const trained = new Map<string, number[]>();
    for (let step = 0; step < steps; step++) {
      program.assign(state.parameters());
      let totals = { lossSum: 0, labelTokens: 0 };
      for (let row = 0; row < rows; row++) {
        const sums = program.gradients({ tokens, ...rowOf(golden, row, tokens), features: features[row]! });
        totals = { lossSum: totals.lossSum + sums.lossSum, labelTokens: totals.labelTokens + sums.labelTokens };
        state.addLease(row, program.takeGradients());
      }
      const scales = gradientScales(state.sumOfSquares(), totals.labelTokens, clipNorm);
      const learningRate = cosineLearningRate(step, steps, { learningRate: peak, warmupRatio: WARMUP_STEPS / steps });
      state.apply({ ...scales, learningRate, betas, eps, weightDecay });
      trained.set(`loss of step ${step}`, [totals.lossSum / totals.labelTokens]);
      trained.set(`gradient norm of step ${step}`, [scales.gradNorm]);
    }
    return trained;
  } finally {
    program.dispose();
  }
}

function featuresOf({ expected, model }: GoldenCase, program: LeaseProgram, rows: number): Float32Array[] {
  const pixels = expected.get('pixel_values')!.data as Float32Array;
  const size = 3 * model.config.vision.imageSizePx ** 2;
  return Array.from({ length: rows }, (_, row) => program.features(pixels.subarray(row * size, (row + 1) * size)));
}

function rowOf(
  { inputs, model }: GoldenCase,
  row: number,
  tokens: number,
): { ids: Int32Array; labels: Int32Array; visualIndex: Int32Array } {
  const cut = (name: string): Int32Array =>
    (inputs.get(name)!.data as Int32Array).slice(row * tokens, (row + 1) * tokens);
  const ids = cut('input_ids');
  return { ids, labels: cut('labels'), visualIndex: visualIndexOf(ids, model.config.imageTokenId) };
}
