import { readFile } from 'node:fs/promises';
import { loadTensorflow } from '@llava-ts/engine';
import { imageTokens } from '@llava-ts/llava';
import {
  cosineLearningRate,
  createLeaseProgram,
  createUpdateState,
  gradientScales,
  partTensors,
} from '@llava-ts/trainer';
import type { LeaseProgram, TrainablePart } from '@llava-ts/trainer';
import { beforeAll, describe, expect, it } from 'vitest';
import { GOLDEN_CASES, readGoldenCase, visualIndexOf } from '../golden/golden-case.js';
import type { GoldenCase } from '../golden/golden-case.js';

interface Trajectory {
  readonly loss: number[];
  readonly grad_norm: number[];
  readonly peak_lr: number;
  readonly weight_decay: number;
  readonly betas: [number, number];
  readonly eps: number;
  readonly clip_norm: number;
}

const STAGES = { projector: ['projector'], 'projector+decoder': ['projector', 'decoder'] } as const;
const WARMUP_STEPS = 2;

beforeAll(async () => {
  await loadTensorflow();
});

describe.each(GOLDEN_CASES)('%s', (name) => {
  it.each(Object.entries(STAGES))(
    'trains %s along the losses and gradient norms of PyTorch',
    async (stage, trainable) => {
      const golden = await readGoldenCase(name);
      const { stages } = JSON.parse(await readFile(`${golden.folder}/case.json`, 'utf8')) as {
        stages: Record<string, Trajectory>;
      };
      const wanted = stages[stage]!;
      const trained = train(golden, trainable, wanted);
      trained.loss.forEach((loss, step) =>
        expect(Math.abs(loss / wanted.loss[step]! - 1), `loss of step ${step}`).toBeLessThan(1e-4),
      );
      trained.norms.forEach((norm, step) =>
        expect(Math.abs(norm / wanted.grad_norm[step]! - 1), `gradient norm of step ${step}`).toBeLessThan(1e-4),
      );
    },
  );
});

/** The case's batch, every row a lease of its own, as often as the reference trained on it. */
function train(
  golden: GoldenCase,
  trainable: readonly TrainablePart[],
  { peak_lr, weight_decay, betas, eps, clip_norm, loss }: Trajectory,
): { loss: number[]; norms: number[] } {
  const { config, weights } = golden.model;
  const [rows = 0, tokens = 0] = golden.inputs.get('input_ids')!.shape;
  const program = createLeaseProgram({
    config,
    trainable,
    microBatchSamples: 1,
    bucketTokens: [tokens],
    precision: 'float32',
    recompute: false,
  });
  program.assign(weights);
  const features = featuresOf(golden, program, rows);
  const tensors = [...partTensors(config, trainable)].map(
    ([path, shape]) => [path, { shape, parameter: weights.get(path)!.slice() }] as const,
  );
  const state = createUpdateState(new Map(tensors));
  const steps = loss.length;
  const trained = { loss: [] as number[], norms: [] as number[] };
  for (let step = 0; step < steps; step++) {
    program.assign(state.parameters());
    let totals = { lossSum: 0, labelTokens: 0 };
    for (let row = 0; row < rows; row++) {
      const sums = program.gradients({ tokens, ...rowOf(golden, row, tokens), features: features[row]! });
      totals = { lossSum: totals.lossSum + sums.lossSum, labelTokens: totals.labelTokens + sums.labelTokens };
      state.addLease(row, program.takeGradients());
    }
    const { gradientScale, clipScale, gradNorm } = gradientScales(state.sumOfSquares(), totals.labelTokens, clip_norm);
    const learningRate = cosineLearningRate(step, steps, { learningRate: peak_lr, warmupRatio: WARMUP_STEPS / steps });
    state.apply({ learningRate, gradientScale, clipScale, betas, eps, weightDecay: weight_decay });
    trained.loss.push(totals.lossSum / totals.labelTokens);
    trained.norms.push(gradNorm);
  }
  program.dispose();
  return trained;
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
  expect(ids.filter((id) => id === model.config.imageTokenId)).toHaveLength(imageTokens(model.config));
  return { ids, labels: cut('labels'), visualIndex: visualIndexOf(ids, model.config.imageTokenId) };
}
