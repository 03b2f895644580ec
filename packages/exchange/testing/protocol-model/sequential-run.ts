import {
  createRunState,
  decideUpdate,
  stepLeases,
  type LeaseId,
  type OpenRun,
  type RunSnapshot,
  type StepTotals,
} from '@llava-ts/trainer';
import { createHash } from 'node:crypto';
import { integerResult } from './integer-device.js';

/** The steps of a run, one after the other over all stages. */
export function stepsOf({ plans }: OpenRun): { readonly stage: number; readonly step: number }[] {
  return plans.flatMap(({ stage, totalSteps }) => Array.from({ length: totalSteps }, (_, step) => ({ stage, step })));
}

/** The undisturbed run: one lease after the other. Asked for the same steps again it remembers. */
export interface SequentialRun {
  /** The digest after the steps, each given by the leases that it leaves out. */
  digestAfter(skipped: readonly (readonly number[])[]): string;
}

/** Creates it. @param open gives the run at its beginning */
export function createSequentialRun(open: () => OpenRun): SequentialRun {
  const digests = new Map<string, string>();
  return {
    digestAfter(skipped) {
      const key = JSON.stringify(skipped);
      const digest = digests.get(key) ?? runSteps(open(), skipped);
      digests.set(key, digest);
      return digest;
    },
  };
}

/** Parameters and moments at a step boundary, as one number. */
export function digestOf({ position, parameters, update }: RunSnapshot): string {
  const hash = createHash('sha1').update(`${position.stage}/${position.step} ${update.updates}`);
  for (const arrays of [parameters, update.firstMoments, update.secondMoments])
    for (const [name, values] of [...arrays].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(name).update(Float32Array.from(values));
  return hash.digest('hex');
}

function runSteps(run: OpenRun, skipped: readonly (readonly number[])[]): string {
  const state = createRunState(run);
  const steps = stepsOf(run);
  let position = { stage: 0, step: 0 };
  for (const [index, leftOut] of skipped.entries()) {
    const { stage, step } = steps[index] ?? position;
    applyStep(run, state, { stage, step, leftOut });
    position = { stage, step: step + 1 };
  }
  return digestOf(state.snapshot(position));
}

function applyStep(
  run: OpenRun,
  state: ReturnType<typeof createRunState>,
  { stage, step, leftOut }: Omit<LeaseId, 'lease'> & { leftOut: readonly number[] },
): void {
  const [plan, config] = [run.plans[stage], run.config.stages[stage]];
  if (plan === undefined || config === undefined) throw new Error(`no stage ${stage}`);
  const update = state.stage(stage);
  const totals = { samples: 0, labelTokens: 0, lossSum: 0, skippedSamples: 0 };
  for (const lease of stepLeases(plan, step)) {
    if (leftOut.includes(lease.lease)) {
      update.skipLease(lease.lease);
      totals.skippedSamples += lease.count;
      continue;
    }
    const { gradients, labelTokens, lossSum } = integerResult(lease, update.parameters());
    update.addLease(lease.lease, gradients);
    totals.samples += lease.count;
    totals.labelTokens += labelTokens;
    totals.lossSum += lossSum;
  }
  const whole: StepTotals = { ...totals, tokens: 0, truncatedSamples: 0, timings: {} };
  update.apply(decideUpdate({ stage: config, plan, step, totals: whole, squares: update.sumOfSquares() }).update);
}
