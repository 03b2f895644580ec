import { epochOrder, groupedOrder, groupedTails } from '@llava-ts/data';
import type { SampleSet } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';
import type { RunConfig, StageConfig } from './run-config.js';
import { planStage } from './stage-plan.js';
import type { EpochOrder, StagePlan } from './stage-plan.js';

/** What an order is made from. */
export type OrderedSamples = Pick<SampleSet, 'samples' | 'textLength' | 'pictures'>;

/** A stage of a configuration. @throws {LlavaError} `internal` when there is none */
export function stageOf(config: RunConfig, stage: number): StageConfig {
  const found = config.stages[stage];
  if (found === undefined)
    throw new LlavaError('internal', `the run has stages 0 to ${config.stages.length - 1}, not ${stage}`);
  return found;
}

/** Plans a stage over its samples: the same plan wherever the same samples are read. */
export function planSamples(config: RunConfig, stage: number, set: OrderedSamples): StagePlan {
  const stageConfig = stageOf(config, stage);
  const { samples } = set;
  const plain = { stage, config: stageConfig, samples, maxSteps: config.train.steps };
  if (stageConfig.batching !== 'grouped') return planStage(plain);
  return planStage({ ...plain, tails: groupedTails(groupingOf(stageConfig, set)) });
}

/** The permutations of a stage's epochs. */
export function orderSamples(config: RunConfig, stage: number, set: OrderedSamples): EpochOrder {
  const { seed } = config;
  const stageConfig = stageOf(config, stage);
  if (stageConfig.batching !== 'grouped') return (epoch) => epochOrder(set.samples, seed, epoch);
  const grouping = groupingOf(stageConfig, set);
  return (epoch) => groupedOrder({ ...grouping, seed, epoch });
}

function groupingOf({ globalBatchSamples, microBatchSamples }: StageConfig, set: OrderedSamples) {
  const { samples, textLength, pictures } = set;
  const hasPicture = (ordinal: number): boolean => pictures(ordinal) > 0;
  return { samples, textLength, hasPicture, batchSamples: globalBatchSamples, microBatchSamples };
}
