import { loadTokenizer, startPreparationThreads } from '@llava-ts/data';
import { startComputeThread } from '@llava-ts/engine';
import type { ComputeThread } from '@llava-ts/engine';
import { imageFeatureCount, imageTokens } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import { openDataset, resolveParts } from './dataset.js';
import type { Lease, LeaseResult } from './exchange-port.js';
import { dropoutSeed } from './dropout-seed.js';
import { createFeatureCache } from './feature-cache.js';
import type { FeatureCache } from './feature-cache.js';
import { computeLease } from './compute-lease.js';
import type { PreparedStage } from './compute-lease.js';
import type { StageOrder } from './lease-thread.js';
import { readPreprocessing } from './open-model.js';
import { orderSamples, planSamples, stageOf } from './plan-samples.js';
import type { RunConfig } from './run-config.js';
import { createStageOrder } from './stage-plan.js';

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

/** Creates a host; its thread starts with the first stage. */
export function createModelHost(options: ModelHostOptions): ModelHost {
  const cache = createFeatureCache(options.featureCacheBytes ?? 512 * 1024 * 1024);
  let thread: Promise<ComputeThread> | null = null;
  let prepared: PreparedStage | null = null;
  const compute = (): Promise<ComputeThread> =>
    (thread ??= startComputeThread(new URL('./lease-thread.js', import.meta.url), {}));

  return {
    async prepare(config, stage) {
      await prepared?.close();
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
      await prepared?.close();
      prepared = null;
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
  const { trainable, microBatchSamples, bucketTokens, contextTokens, template, data } = stageConfig;
  const { onBadSample = 'stop', longSamples = 'refuse', imageAspect: aspect = model.imageAspect } = stageConfig;
  const order: StageOrder = { model, seed, stage: { trainable, microBatchSamples, bucketTokens } };
  const [llava, set, tokenizer, parts] = await Promise.all([
    thread.call<LlavaConfig>('prepare', order),
    openDataset(data, options),
    loadTokenizer(model.decoder),
    resolveParts(data, options),
  ]);
  const preprocessing = await readPreprocessing(model.vision, { sizePx: llava.vision.imageSizePx, aspect });
  const rules = { template, preprocessing, imageTokens: imageTokens(llava), contextTokens, onBadSample, longSamples };
  const preparation = startPreparationThreads({
    parts,
    rules,
    tokenizer: model.decoder,
    set: {
      cacheDir: options.cacheDir,
      ...('mixture' in data && data.seed !== undefined && { seed: data.seed }),
      ...(data.quarantine !== undefined && { quarantine: data.quarantine }),
    },
  });
  return {
    dropoutSeed: (lease, microBatch) => dropoutSeed(seed, lease, microBatch),
    ordinalsOf: createStageOrder(planSamples(config, stage, set), orderSamples(config, stage, set)),
    groups: (ordinals) =>
      microBatches(ordinals, microBatchSamples, stageConfig.batching === 'grouped' ? set.pictures : () => 0),
    source: {
      preparation,
      rules,
      padId: tokenizer.padId,
      microBatchSamples,
      bucketTokens,
      cache,
      imageTokens: imageTokens(llava),
      featureSize: imageFeatureCount(llava) * llava.vision.hidden,
      features: (pixels) => thread.call<Float32Array>('features', pixels),
    },
    async close() {
      await Promise.all([preparation.close(), set.close()]);
    },
  };
}

/** Consecutive samples, at most `size` of them, all of one kind: `pictures` of them is 0, or is not. */
function microBatches(ordinals: readonly number[], size: number, pictures: (ordinal: number) => number): number[][] {
  const groups: number[][] = [];
  for (const ordinal of ordinals) {
    const last = groups.at(-1);
    const fits = last !== undefined && last.length < size && pictures(last[0] ?? 0) > 0 === pictures(ordinal) > 0;
    if (fits) last.push(ordinal);
    else groups.push([ordinal]);
  }
  return groups;
}
