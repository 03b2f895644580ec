import { gradientScales } from './clip.js';
import type { BlockSquares } from './clip.js';
import type { StageConfig } from './run-config.js';
import { cosineLearningRate } from './schedule.js';
import type { StagePlan } from './stage-plan.js';
import type { StepTotals } from './step-ledger.js';
import type { UpdateOptions } from './update.js';

/** What happened in a step: a line of metrics.jsonl, without the times. */
export interface StepFacts {
  /** Name of the stage. */
  readonly stage: string;
  /** Steps of the stage that are applied, this one included: from 1. */
  readonly step: number;
  /** Steps of the stage. */
  readonly steps: number;
  /** Mean loss over the label tokens of the global batch. */
  readonly loss: number;
  /** Norm of the mean gradient, before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  readonly labelTokens: number;
  readonly samples: number;
  /** Tokens without padding; 0 when the workers did not say. */
  readonly tokens: number;
  /** Samples that were cut at the longest length. */
  readonly truncatedSamples: number;
  /** Samples that were left out, because their gradients are not finite and the run's policy is to go on. */
  readonly skippedSamples: number;
}

/**
 * Decides the update of a complete step: learning rate, scales, and what to report. A pure function of what the shards and the ledger say,
 * so that one process and any number of shards apply the same bits.
 * @param squares `sumOfSquares()` of all shards together
 */
export function decideUpdate(options: {
  readonly stage: StageConfig;
  readonly plan: StagePlan;
  /** From 0. */
  readonly step: number;
  readonly totals: StepTotals;
  readonly squares: BlockSquares;
}): { readonly update: UpdateOptions; readonly facts: StepFacts } {
  const { stage, plan, step, totals, squares } = options;
  const { labelTokens, lossSum, samples, tokens, truncatedSamples, skippedSamples } = totals;
  const { gradientScale, clipScale, gradNorm } = gradientScales(squares, labelTokens, stage.clipNorm);
  const learningRate = cosineLearningRate(step, plan.totalSteps, stage);
  const { betas, eps, weightDecay } = stage;
  return {
    update: { learningRate, gradientScale, clipScale, betas, eps, weightDecay },
    facts: {
      stage: stage.name,
      step: step + 1,
      steps: plan.totalSteps,
      loss: lossSum * gradientScale,
      gradNorm,
      learningRate,
      labelTokens,
      samples,
      tokens,
      truncatedSamples,
      skippedSamples,
    },
  };
}
