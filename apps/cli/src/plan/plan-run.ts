import type { LlavaConfig } from '@llava-ts/llava';
import type { RunConfig, StageConfig } from '@llava-ts/trainer';

import { countParameters } from './count-parameters.js';
import type { ParameterCounts } from './count-parameters.js';
import { findFit } from './find-fit.js';
import type { Fit } from './find-fit.js';
import { sampleWork } from './step-work.js';
import type { SampleWork } from './step-work.js';
import { workerMemory } from './worker-memory.js';
import type { WorkerMemory } from './worker-memory.js';

/** How many processes share a run, and what they have. */
export interface Machines {
  readonly workers: number;
  readonly shards: number;
  /** Bytes of each worker's device; absent when it is not known. */
  readonly deviceBytes?: number;
}

/** Bytes of a shard of the parameter server. */
export interface ShardMemory {
  readonly parameters: number;
  /** First and second moments of AdamW. */
  readonly optimizer: number;
  /** The sum of the step's gradients. */
  readonly gradientSum: number;
  /** A lease's gradients of every worker, until their turn in the sum. */
  readonly arriving: number;
  readonly total: number;
}

/** What a step sends, all workers together. */
export interface WireBytes {
  readonly pulled: number;
  readonly pushed: number;
}

/** What a stage takes. */
export interface StagePlanReport {
  readonly name: string;
  readonly learning: number;
  /** Tokens of the longest micro-batch, which memory is reckoned for, and of the shortest, which work is. */
  readonly longestTokens: number;
  readonly shortestTokens: number;
  readonly worker: WorkerMemory;
  readonly shard: ShardMemory;
  readonly wire: WireBytes;
  readonly sample: SampleWork;
  readonly stepFlops: number;
  /** Whether it fits the device, and what would make it; null without a device. */
  readonly fit: Fit | null;
}

/** What a run takes, before it is started. */
export interface RunPlan {
  readonly preset: string;
  readonly machines: Machines;
  readonly parameters: ParameterCounts;
  readonly stages: readonly StagePlanReport[];
}

const FLOAT = 4;

/** Plans a run for some machines; nothing is loaded. */
export function planRun(config: RunConfig, sizes: LlavaConfig, machines: Machines): RunPlan {
  const stages = config.stages.map((stage) => planStage(config, { sizes, stage, machines }));
  return { preset: config.preset, machines, parameters: countParameters(sizes), stages };
}

function planStage(
  { model }: RunConfig,
  { sizes, stage, machines }: { sizes: LlavaConfig; stage: StageConfig; machines: Machines },
): StagePlanReport {
  const learning = countParameters(sizes, stage.trainable).all;
  const settings = { ...stage, precision: model.precision, recompute: model.recompute };
  const shortestTokens = Math.min(...stage.bucketTokens);
  const sample = sampleWork(sizes, { tokens: shortestTokens, trainable: stage.trainable, recompute: model.recompute });
  return {
    name: stage.name,
    learning,
    longestTokens: Math.max(...stage.bucketTokens),
    shortestTokens,
    worker: workerMemory(sizes, settings),
    shard: shardMemory(learning, machines),
    wire: { pulled: machines.workers * FLOAT * learning, pushed: stage.leasesPerStep * FLOAT * learning },
    sample,
    stepFlops: stage.globalBatchSamples * sample.total,
    fit: machines.deviceBytes === undefined ? null : findFit(sizes, settings, machines.deviceBytes),
  };
}

function shardMemory(learning: number, { workers, shards }: Machines): ShardMemory {
  const share = (FLOAT * learning) / shards;
  const bytes = { parameters: share, optimizer: 2 * share, gradientSum: share, arriving: workers * share };
  return { ...bytes, total: Object.values(bytes).reduce((sum, size) => sum + size, 0) };
}
