import { epochOrder, loadTokenizer } from '@llava-ts/data';
import type { Sample } from '@llava-ts/data';
import { startComputeThread } from '@llava-ts/engine';
import type { ComputeThread } from '@llava-ts/engine';
import { imageFeatureCount, imageTokens } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import { openDataset } from './dataset.js';
import type { Lease, LeaseResult } from './exchange-port.js';
import { dropoutSeed } from './dropout-seed.js';
import { createFeatureCache } from './feature-cache.js';
import type { FeatureCache } from './feature-cache.js';
import type { LossSums, MicroBatch } from './lease-program.js';
import type { StageOrder } from './lease-thread.js';
import { readPreprocessing } from './open-model.js';
import type { RunConfig, StageConfig } from './run-config.js';
import { makeMicroBatch } from './sample-batches.js';
import type { BatchSource } from './sample-batches.js';
import { createStageOrder, planStage } from './stage-plan.js';

/** The side of a worker that computes: a model in a thread of its own, and the samples that go through it. */
export interface ModelHost {
  /** Gets ready for a stage: loads the model and the samples and compiles the program. Replaces the stage before. */
  prepare(config: RunConfig, stage: number): Promise<void>;
  /** Takes over parameters that were pulled. */
  update(parameters: ReadonlyMap<string, Float32Array>): Promise<void>;
  /**
   * Computes a lease of the prepared stage. The result depends on the lease, the parameters and the kind of machine alone: samples in order,
   * micro-batches of a fixed size, each picture encoded by itself.
   * @throws {LlavaError} `cancelled` when `signal` aborts; what loading samples and pictures throws
   */
  compute(lease: Lease, signal?: AbortSignal): Promise<LeaseResult>;
  close(): Promise<void>;
}

/** What a host may use. */
export interface ModelHostOptions {
  /** Folder for derived files, e.g. composed scenes. */
  readonly cacheDir: string;
  /** Bound of the picture features that are remembered; 512 MiB by default. */
  readonly featureCacheBytes?: number;
  readonly onProgress?: ProgressListener;
}

interface PreparedStage {
  readonly source: BatchSource;
  readonly samplesOf: (lease: Lease) => Sample[];
  /** What an adapter's dropout leaves out in a micro-batch of a lease: the same on every worker. */
  readonly dropoutSeed: (lease: Lease, microBatch: number) => Int32Array;
}

/** Creates a host; its thread starts with the first stage. */
export function createModelHost(options: ModelHostOptions): ModelHost {
  const cache = createFeatureCache(options.featureCacheBytes ?? 512 * 1024 * 1024);
  let thread: Promise<ComputeThread> | null = null;
  let prepared: PreparedStage | null = null;
  const compute = (): Promise<ComputeThread> =>
    (thread ??= startComputeThread(new URL('./lease-thread.js', import.meta.url), {}));

  return {
    async prepare(config, stage) {
      prepared = null;
      prepared = await prepareStage(await compute(), { config, stage, cache, options });
    },
    update: async (parameters) => (await compute()).call('assign', parameters),
    async compute(lease, signal) {
      if (prepared === null)
        throw new LlavaError('internal', 'a stage must be prepared before its leases are computed');
      return computeLease(await compute(), prepared, { lease, ...(signal && { signal }) });
    },
    async close() {
      const running = thread;
      thread = null;
      await (await running)?.stop();
    },
  };
}

interface StageInputs {
  readonly config: RunConfig;
  readonly stage: number;
  readonly cache: FeatureCache;
  readonly options: ModelHostOptions;
}

async function prepareStage(
  thread: ComputeThread,
  { config, stage, cache, options }: StageInputs,
): Promise<PreparedStage> {
  const { model, seed } = config;
  const stageConfig = stageOf(config, stage);
  const { trainable, microBatchSamples, bucketTokens, contextTokens, template } = stageConfig;
  const order: StageOrder = { model, seed, stage: { trainable, microBatchSamples, bucketTokens } };
  const [llava, dataset, tokenizer] = await Promise.all([
    thread.call<LlavaConfig>('prepare', order),
    openDataset(stageConfig.data, options),
    loadTokenizer(model.decoder),
  ]);
  const aspect = stageConfig.imageAspect ?? model.imageAspect;
  const plan = planStage({ stage, config: stageConfig, samples: dataset.samples.length, maxSteps: config.train.steps });
  const positions = createStageOrder(plan, (epoch) => epochOrder(plan.samples, seed, epoch));
  return {
    dropoutSeed: (lease, microBatch) => dropoutSeed(seed, lease, microBatch),
    samplesOf: (lease) => positions(lease).flatMap((index) => dataset.samples[index] ?? []),
    source: {
      dataset,
      tokenizer,
      template,
      microBatchSamples,
      contextTokens,
      truncate: stageConfig.longSamples === 'truncate',
      bucketTokens,
      cache,
      preprocessing: await readPreprocessing(model.vision, { sizePx: llava.vision.imageSizePx, aspect }),
      imageTokens: imageTokens(llava),
      featureSize: imageFeatureCount(llava) * llava.vision.hidden,
      features: (pixels) => thread.call<Float32Array>('features', pixels),
    },
  };
}

/** While the thread computes a micro-batch, the next one is read, decoded and tokenised here. */
async function computeLease(
  thread: ComputeThread,
  { source, samplesOf, dropoutSeed: seedOf }: PreparedStage,
  { lease, signal }: { lease: Lease; signal?: AbortSignal },
): Promise<LeaseResult> {
  const groups = inGroups(samplesOf(lease), source.microBatchSamples);
  const timings = { data: 0, compute: 0 };
  let totals: LossSums = { lossSum: 0, labelTokens: 0 };
  await thread.call('clearGradients');
  const begin = (samples: readonly Sample[]): Promise<MicroBatch> => {
    const batch = makeMicroBatch(source, samples);
    batch.catch(() => undefined); // a failure is reported when its turn comes, also if something else fails first
    return batch;
  };
  let next = begin(groups[0] ?? []);
  for (let index = 0; index < groups.length; index++) {
    if (signal?.aborted) throw new LlavaError('cancelled', 'the lease was given up', { cause: signal.reason });
    const batch = await timed(timings, 'data', () => next);
    const computing = thread.call<LossSums>('gradients', { ...batch, dropoutSeed: seedOf(lease, index) });
    const following = groups[index + 1];
    if (following !== undefined) next = begin(following);
    const sums = await timed(timings, 'compute', () => computing);
    totals = { lossSum: totals.lossSum + sums.lossSum, labelTokens: totals.labelTokens + sums.labelTokens };
  }
  const gradients = await timed(timings, 'compute', () => thread.call<Map<string, Float32Array>>('takeGradients'));
  return { lease, gradients, ...totals, timings };
}

async function timed<T, K extends string>(timings: Record<K, number>, name: K, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  timings[name] += performance.now() - start;
  return result;
}

function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, group) =>
    items.slice(group * size, (group + 1) * size),
  );
}

function stageOf(config: RunConfig, stage: number): StageConfig {
  const found = config.stages[stage];
  if (found === undefined)
    throw new LlavaError('internal', `the run has stages 0 to ${config.stages.length - 1}, not ${stage}`);
  return found;
}
