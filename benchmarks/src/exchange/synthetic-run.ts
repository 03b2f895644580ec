import { partTensors, planStage, type OpenRun, type RunConfig, type StageConfig } from '@llava-ts/trainer';

/** What a synthetic run is made of. */
export interface SyntheticRun {
  /** Float32 parameters that learn: a decoder of about this size. */
  readonly parameters: number;
  readonly workers: number;
  readonly steps: number;
  readonly encoding: 'float32' | 'bfloat16';
}

const HIDDEN = 1024;
const VOCAB = 4096;

/** A run whose learning tensors are those of a decoder, opened without files: what is measured is the exchange, not the model. */
export function syntheticRun({ parameters, workers, steps, encoding }: SyntheticRun): OpenRun {
  const stage: StageConfig = {
    name: 'synthetic',
    trainable: ['decoder'],
    template: 'plain',
    data: { json: 'none', images: 'none' },
    epochs: 1,
    globalBatchSamples: workers,
    leasesPerStep: workers,
    microBatchSamples: 1,
    contextTokens: 64,
    bucketTokens: [64],
    learningRate: 1e-3,
    warmupRatio: 0,
    weightDecay: 0.01,
    betas: [0.9, 0.999],
    eps: 1e-8,
    clipNorm: 1,
  };
  const model = syntheticModel(parameters);
  const config: RunConfig = {
    preset: 'synthetic',
    seed: 1,
    model: {
      vision: 'none',
      decoder: 'none',
      projector: { kind: 'linear' },
      featureLayer: -2,
      featureSelect: 'patch',
      imageAspect: 'square',
      precision: 'float32',
      recompute: false,
    },
    stages: [stage],
    train: { steps, snapshotEverySteps: steps, keepSnapshots: 1 },
    exchange: { leaseTimeoutMs: 60_000, heartbeatMs: 2000, chunkBytes: 524_288, gradientEncoding: encoding },
  };
  const shapes = partTensors(model.config, ['decoder']);
  const tensors = new Map(
    [...shapes].map(([path, shape]) => [
      path,
      { shape, parameter: sharedValues(shape.reduce((product, axis) => product * axis, 1)).fill(0.5) },
    ]),
  );
  const plans = [planStage({ stage: 0, config: stage, samples: steps * workers, maxSteps: steps })];
  return { config, model, plans, dataDigests: ['synthetic'], tensors };
}

/** Memory that the server's threads share, as a real server reads its tensors into. */
const sharedValues = (size: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * size));

function syntheticModel(parameters: number): OpenRun['model'] {
  const inner = 2752;
  const layerParameters = 4 * HIDDEN ** 2 + 3 * HIDDEN * inner + 2 * HIDDEN;
  const layers = Math.max(1, Math.round((parameters - 2 * VOCAB * HIDDEN) / layerParameters));
  return {
    config: {
      vision: {
        kind: 'clip',
        imageSizePx: 8,
        patchSizePx: 4,
        hidden: 8,
        inner: 16,
        layers: 2,
        heads: 2,
        activation: 'quick_gelu',
        layerNormEps: 1e-5,
      },
      projector: { kind: 'linear' },
      decoder: {
        vocab: VOCAB,
        hidden: HIDDEN,
        inner,
        layers,
        heads: 8,
        keyHeads: 8,
        headDim: HIDDEN / 8,
        rmsNormEps: 1e-5,
        ropeTheta: 10000,
        maxTokens: 64,
        tiedEmbeddings: false,
        attentionBias: false,
      },
      imageTokenId: VOCAB - 1,
      featureLayer: -2,
      featureSelect: 'patch',
    },
    tokens: {} as OpenRun['model']['tokens'],
  };
}
