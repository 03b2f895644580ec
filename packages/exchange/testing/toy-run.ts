import { LlavaError } from '@llava-ts/telemetry';
import {
  partTensors,
  planStage,
  sharedCopy,
  type Lease,
  type LeaseResult,
  type ModelHost,
  type OpenRun,
  type RunConfig,
  type RunRecorder,
  type RunSnapshot,
  type StageConfig,
  type StepFacts,
} from '@llava-ts/trainer';

/** What a toy run may differ in. */
export interface ToyRunOptions {
  readonly stages?: readonly Partial<StageConfig>[];
  readonly samples?: number;
  readonly exchange?: Partial<RunConfig['exchange']>;
  readonly snapshotEverySteps?: number;
  /** Width of the decoder; sets the number of parameters. */
  readonly hidden?: number;
}

const ALIGN: StageConfig = {
  name: 'align',
  trainable: ['projector'],
  template: 'plain',
  data: { json: 'toy', images: 'toy' },
  epochs: 1,
  globalBatchSamples: 8,
  leasesPerStep: 4,
  microBatchSamples: 1,
  contextTokens: 64,
  bucketTokens: [64],
  // Large enough for the last bit of a gradient to show in the parameters.
  learningRate: 0.3,
  warmupRatio: 0.1,
  weightDecay: 0.1,
  betas: [0.9, 0.999],
  eps: 1e-8,
  clipNorm: 1,
};

/** A run of a small real model, opened without files: two stages by default, the second over more parameters. */
export function toyRun({
  stages = [{}, { name: 'instruct', trainable: ['projector', 'decoder'] }],
  samples = 40,
  exchange,
  snapshotEverySteps = 2,
  hidden = 8,
}: ToyRunOptions = {}): OpenRun {
  const config: RunConfig = {
    preset: 'toy',
    seed: 1,
    model: {
      vision: 'toy',
      decoder: 'toy',
      projector: { kind: 'linear' },
      featureLayer: -2,
      featureSelect: 'patch',
      imageAspect: 'square',
      precision: 'float32',
      recompute: false,
    },
    stages: stages.map((stage) => ({ ...ALIGN, ...stage })),
    train: { steps: null, snapshotEverySteps, keepSnapshots: 2 },
    exchange: { leaseTimeoutMs: 20_000, heartbeatMs: 100, chunkBytes: 256, ...exchange },
  };
  const model = toyModel(hidden);
  const shapes = partTensors(model.config, ['projector', 'decoder']);
  const tensors = new Map(
    [...shapes].map(([path, shape], index) => [path, { shape, parameter: toyValues(shape, index) }]),
  );
  const plans = config.stages.map((stage, index) =>
    planStage({ stage: index, config: stage, samples, maxSteps: null }),
  );
  return { config, model, plans, dataDigests: config.stages.map(() => 'toy'), tensors };
}

function toyModel(hidden: number): OpenRun['model'] {
  const heads = 2;
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
        vocab: 32,
        hidden,
        inner: 2 * hidden,
        layers: 2,
        heads,
        keyHeads: heads,
        headDim: hidden / heads,
        rmsNormEps: 1e-5,
        ropeTheta: 10000,
        maxTokens: 64,
        tiedEmbeddings: false,
        attentionBias: false,
      },
      imageTokenId: 31,
      featureLayer: -2,
      featureSelect: 'patch',
    },
    tokens: {} as OpenRun['model']['tokens'],
  };
}

function toyValues(shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return sharedCopy(Float32Array.from({ length: size }, (_, i) => Math.sin(seed * 31 + i * 0.7)));
}

/** What happens to a toy worker, by lease; it may throw or wait. */
export type ToyFault = (lease: Lease, signal: AbortSignal | undefined) => void | Promise<void>;

/**
 * A host whose gradients need no TensorFlow: a function of parameters and samples that is rough enough for any other order
 * of summing to give other bits.
 */
export function toyHost(fault?: ToyFault): ModelHost {
  const parameters = new Map<string, Float32Array>();
  let learns: readonly string[] = [];
  return {
    prepare: async (config, stage) => {
      learns = config.stages[stage]?.trainable ?? [];
    },
    update: async (pulled) => {
      for (const [name, values] of pulled) parameters.set(name, values);
    },
    async compute(lease, signal) {
      await fault?.(lease, signal);
      if (signal?.aborted === true) throw new LlavaError('cancelled', 'toy host: cancelled');
      return toyResult(
        lease,
        new Map([...parameters].filter(([name]) => learns.some((part) => name.startsWith(`${part}.`)))),
      );
    },
    close: async () => {},
  };
}

/** The sum of a lease's toy gradients. */
export function toyResult(lease: Lease, parameters: ReadonlyMap<string, Float32Array>): LeaseResult {
  const gradients = new Map([...parameters].map(([name, values]) => [name, toyGradient(values, lease)]));
  let labelTokens = 0;
  for (let sample = lease.first; sample < lease.first + lease.count; sample++) labelTokens += (sample % 7) + 1;
  return { lease, gradients, labelTokens, lossSum: labelTokens / (lease.step + 1.5), timings: { compute: 1 } };
}

function toyGradient(values: Float32Array, { first, count }: Lease): Float32Array {
  return values.map((value, i) => {
    let sum = 0;
    for (let sample = first; sample < first + count; sample++)
      sum += value / 3 + Math.sin(value * 5 + sample * 1.3 + i);
    return sum;
  });
}

/** A recorder that keeps everything in memory, with copies of the snapshots. */
export function memoryRecorder(): RunRecorder & { readonly steps: StepFacts[]; readonly snapshots: RunSnapshot[] } {
  const steps: StepFacts[] = [];
  const snapshots: RunSnapshot[] = [];
  const save = async (snapshot: RunSnapshot): Promise<void> => {
    const last = snapshots.at(-1)?.position;
    if (last?.stage !== snapshot.position.stage || last.step !== snapshot.position.step)
      snapshots.push(copyOf(snapshot));
  };
  return {
    steps,
    snapshots,
    save,
    history: async () => steps.map((facts) => ({ ...facts, ms: 0 })),
    lastSaved: () => {
      const last = snapshots.at(-1)?.position;
      if (last === undefined) return null;
      return { position: last, name: `${['align', 'instruct'][last.stage]}-${last.step}`, unixMs: 0, ms: 0 };
    },
    saveFailure: () => null,
    async step(facts, { boundary }) {
      steps.push(facts);
      if (facts.step % 2 === 0 || facts.step === facts.steps) await save(boundary());
      return { ...facts, ms: 0 };
    },
  };
}

/** A snapshot that does not change any more: its arrays are living ones. */
function copyOf({ position, parameters, update }: RunSnapshot): RunSnapshot {
  const copied = (arrays: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> =>
    new Map([...arrays].map(([name, values]) => [name, Float32Array.from(values)]));
  const { updates, firstMoments, secondMoments } = update;
  return {
    position,
    parameters: copied(parameters),
    update: {
      updates,
      parameters: copied(update.parameters),
      firstMoments: copied(firstMoments),
      secondMoments: copied(secondMoments),
    },
  };
}

/** The parameters of a run as bytes, to compare bit for bit. */
export function bitsOf(run: OpenRun): Record<string, string> {
  return Object.fromEntries(
    [...run.tensors].map(([name, { parameter }]) => [
      name,
      Buffer.from(parameter.buffer, parameter.byteOffset, parameter.byteLength).toString('base64'),
    ]),
  );
}
