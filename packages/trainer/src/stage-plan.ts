import { LlavaError } from '@llava-ts/telemetry';
import type { Lease } from './exchange-port.js';
import type { StageConfig } from './run-config.js';

/**
 * How a stage walks through its samples. The *order* of a stage is its epochs one after the other, each a permutation of all samples;
 * a step takes the next `globalBatchSamples` positions of it. Global batches run across the end of an epoch, so only the very last one of
 * a stage can be short; it is trained on, not dropped. Every sample is used exactly `epochs` times (unless `train.steps` ends the stage early).
 *
 * With `tails`, every epoch ends with short batches of these sizes instead, so that no batch holds samples of two kinds (`groupedOrder`).
 */
export interface StagePlan {
  /** Index in the run's stages. */
  readonly stage: number;
  readonly samples: number;
  readonly epochs: number;
  readonly globalBatchSamples: number;
  readonly leasesPerStep: number;
  /** Sizes of the short batches at the end of every epoch; absent when batches run across the end of an epoch. */
  readonly tails?: readonly number[];
  /** Steps of the whole stage, after the cap: what the learning rate schedule is stretched over. */
  readonly totalSteps: number;
}

/** The portion settings of a stage that its plan depends on. */
export type PortionConfig = Pick<StageConfig, 'name' | 'epochs' | 'globalBatchSamples' | 'leasesPerStep'>;

/**
 * Plans a stage.
 * @param maxSteps cap on the steps (`train.steps`), null for none
 * @throws {LlavaError} `bad-input` when there is no sample or a size is not a positive whole number.
 */
export function planStage(options: {
  stage: number;
  config: PortionConfig;
  samples: number;
  maxSteps: number | null;
  tails?: readonly number[];
}): StagePlan {
  const { stage, config, samples, maxSteps, tails } = options;
  const { epochs, globalBatchSamples, leasesPerStep } = config;
  for (const [name, value] of Object.entries({ samples, epochs, globalBatchSamples, leasesPerStep })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new LlavaError(
        'bad-input',
        `stage '${config.name}': ${name} must be a positive whole number, got ${value}`,
      );
    }
  }
  const allSteps =
    tails === undefined
      ? Math.ceil((samples * epochs) / globalBatchSamples)
      : epochs * (Math.floor((samples - sum(tails)) / globalBatchSamples) + tails.length);
  return {
    stage,
    samples,
    epochs,
    globalBatchSamples,
    leasesPerStep,
    ...(tails !== undefined && { tails }),
    totalSteps: Math.min(allSteps, maxSteps ?? allSteps),
  };
}

/**
 * The leases of a step: as many as `leasesPerStep`, of sizes that differ by at most one, in the order of their samples.
 * A short last batch with fewer samples than that has one lease per sample; a lease is never empty.
 */
export function stepLeases(plan: StagePlan, step: number): Lease[] {
  const { first, count } = globalBatch(plan, step);
  if (!Number.isSafeInteger(step) || step < 0 || step >= plan.totalSteps) {
    throw new LlavaError('internal', `stage ${plan.stage} has steps 0 to ${plan.totalSteps - 1}, not ${step}`);
  }
  const leases = Math.min(plan.leasesPerStep, count);
  return Array.from({ length: leases }, (_, lease) => {
    const start = Math.floor((lease * count) / leases);
    const end = Math.floor(((lease + 1) * count) / leases);
    return { stage: plan.stage, step, lease, version: step, first: first + start, count: end - start };
  });
}

/** The positions of a step's global batch. */
function globalBatch(
  { globalBatchSamples, samples, epochs, tails }: StagePlan,
  step: number,
): { first: number; count: number } {
  if (tails === undefined) {
    const first = step * globalBatchSamples;
    return { first, count: Math.min(globalBatchSamples, samples * epochs - first) };
  }
  const full = Math.floor((samples - sum(tails)) / globalBatchSamples);
  const [epoch, at] = [Math.floor(step / (full + tails.length)), step % (full + tails.length)];
  const before = Math.min(at, full) * globalBatchSamples + sum(tails.slice(0, Math.max(0, at - full)));
  return { first: epoch * samples + before, count: at < full ? globalBatchSamples : (tails[at - full] ?? 0) };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** The permutation of an epoch: `epochOrder` of `@llava-ts/data` with its seed. */
export type EpochOrder = (epoch: number) => Uint32Array;

/**
 * Turns positions of a stage's order into samples. Remembers the last two permutations, because leases walk through them in order.
 * @returns `(lease) => indices of its samples, in order`
 */
export function createStageOrder(
  plan: StagePlan,
  epochOrder: EpochOrder,
): (span: { first: number; count: number }) => number[] {
  let known: { epoch: number; order: Uint32Array }[] = [];
  const orderOf = (epoch: number): Uint32Array => {
    const hit = known.find((entry) => entry.epoch === epoch);
    if (hit !== undefined) return hit.order;
    const order = epochOrder(epoch);
    if (order.length !== plan.samples)
      throw new LlavaError('internal', `order of epoch ${epoch} has ${order.length} samples, not ${plan.samples}`);
    known = [{ epoch, order }, ...known.slice(0, 1)];
    return order;
  };
  return ({ first, count }) =>
    Array.from({ length: count }, (_, index) => {
      const position = first + index;
      const sample = orderOf(Math.floor(position / plan.samples))[position % plan.samples];
      if (sample === undefined)
        throw new LlavaError('internal', `position ${position} is outside of the stage's order`);
      return sample;
    });
}
