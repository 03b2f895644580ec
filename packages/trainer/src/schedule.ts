import type { StageConfig } from './run-config.js';

/** The settings of a stage that shape its learning rate. */
export type ScheduleConfig = Pick<StageConfig, 'learningRate' | 'warmupRatio'>;

/** Steps in which the learning rate rises: `ceil(totalSteps * warmupRatio)`, as transformers counts them. */
export function warmupSteps(totalSteps: number, warmupRatio: number): number {
  return Math.ceil(totalSteps * warmupRatio);
}

/**
 * The learning rate of a step, from 0: a straight line up to the peak over the warm-up, then half a cosine down to 0 over the rest.
 * The shape of transformers' `get_cosine_schedule_with_warmup`, which LLaVA trains with, moved by one step in the warm-up so that
 * the first step of a stage already learns (there its rate is 0).
 */
export function cosineLearningRate(step: number, totalSteps: number, config: ScheduleConfig): number {
  const warmup = warmupSteps(totalSteps, config.warmupRatio);
  if (step < warmup) return (config.learningRate * (step + 1)) / warmup;
  const progress = (step - warmup) / Math.max(1, totalSteps - warmup);
  return config.learningRate * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
