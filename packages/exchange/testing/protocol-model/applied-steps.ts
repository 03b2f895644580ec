import {
  stepLeases,
  type LeaseId,
  type OpenRun,
  type RunPosition,
  type RunSnapshot,
  type StepFacts,
} from '@llava-ts/trainer';
import { digestOf, stepsOf, type SequentialRun } from './sequential-run.js';
import type { ArithmeticLog } from './stepped-thread.js';

/** A promise that was broken, in words. */
export class Violation extends Error {}

/** What the arithmetic has added and applied, held against the plan and the undisturbed run. */
export interface AppliedSteps extends ArithmeticLog {
  /** The step in work; null when all are applied. */
  position(): RunPosition | null;
  /** Changes when what was added to the step in work is void. */
  attempt(): string;
  /** The lease is in the sum of the step in work, or in one that was applied. */
  has(lease: LeaseId): boolean;
  /** A step is reported: its state must be that of the undisturbed run. */
  check(facts: StepFacts, boundary: RunSnapshot): void;
  /** The server went back to a snapshot, or to the beginning. */
  rewind(to: RunPosition | null): void;
  /** The run is over. @throws {Violation} unless each sample was counted once per epoch */
  checkLedger(): void;
  /** The first promise that was broken. */
  violation(): Violation | null;
  break(what: string): void;
}

interface Step {
  readonly added: number[];
  readonly skipped: number[];
}

/** Creates an empty record. `mayBeSkipped`: the policy allows it and the lease has failed often enough. */
export function createAppliedSteps(
  run: OpenRun,
  { sequential, mayBeSkipped }: { sequential: SequentialRun; mayBeSkipped: (lease: LeaseId) => boolean },
): AppliedSteps {
  const steps = stepsOf(run);
  let applied: Step[] = [];
  let current: Step = { added: [], skipped: [] };
  let attempts = 0;
  let broken: Violation | null = null;

  const position = (): RunPosition | null => steps[applied.length] ?? null;
  const leasesOf = (index: number): ReturnType<typeof stepLeases> => {
    const { stage, step } = steps[index] ?? { stage: -1, step: 0 };
    const plan = run.plans[stage];
    return plan === undefined ? [] : stepLeases(plan, step);
  };
  function breakPromise(what: string): void {
    broken ??= new Violation(what);
  }
  function begin(): void {
    current = { added: [], skipped: [] };
    attempts += 1;
  }

  return {
    position,
    attempt: () => `${attempts}`,
    break: breakPromise,
    violation: () => broken,
    has({ stage, step, lease }) {
      const index = steps.findIndex((one) => one.stage === stage && one.step === step);
      const at = index === applied.length ? current : applied[index];
      return at?.added.includes(lease) === true;
    },
    added(lease) {
      if (current.added.includes(lease)) breakPromise(`lease ${lease} was added twice`);
      current.added.push(lease);
    },
    skipped(lease) {
      const at = position();
      if (at === null || !mayBeSkipped({ ...at, lease })) breakPromise(`lease ${lease} was left out without a reason`);
      current.skipped.push(lease);
    },
    discarded: begin,
    applied() {
      const came = [...current.added, ...current.skipped].sort((a, b) => a - b).join();
      const expected = leasesOf(applied.length).map(({ lease }) => lease);
      if (came !== expected.join()) breakPromise(`a step was applied with leases ${came}; expected ${expected.join()}`);
      applied.push(current);
      begin();
    },
    check(facts, boundary) {
      const samples = (leases: readonly number[]): number =>
        leases.reduce((sum, lease) => sum + (leasesOf(applied.length - 1)[lease]?.count ?? 0), 0);
      const { added = [], skipped = [] } = applied.at(-1) ?? {};
      if (facts.samples !== samples(added) || facts.skippedSamples !== samples(skipped))
        breakPromise(`step ${facts.step} reports ${facts.samples} samples; ${samples(added)} were added`);
      if (digestOf(boundary) !== sequential.digestAfter(applied.map((step) => step.skipped)))
        breakPromise(`after step ${facts.step} of '${facts.stage}' the state is not that of the undisturbed run`);
    },
    rewind(to) {
      const index = steps.findIndex((one) => one.stage === to?.stage && one.step === to.step);
      const done = to === null ? 0 : steps.filter((one) => one.stage === to.stage && one.step < to.step).length;
      const before = to === null ? 0 : steps.filter((one) => one.stage < to.stage).length;
      applied = applied.slice(0, index >= 0 ? index : before + done);
      begin();
    },
    checkLedger() {
      const counted = new Map<string, number>();
      for (const [index, { added, skipped }] of applied.entries())
        for (const lease of [...added, ...skipped]) {
          const { stage, first, count } = leasesOf(index)[lease] ?? { stage: -1, first: 0, count: 0 };
          const { samples = 1 } = run.plans[stage] ?? {};
          for (let at = first; at < first + count; at++) {
            const key = `stage ${stage}, epoch ${Math.floor(at / samples)}, sample ${at % samples}`;
            counted.set(key, (counted.get(key) ?? 0) + 1);
          }
        }
      const expected = run.plans.reduce((sum, { samples, epochs }) => sum + samples * epochs, 0);
      const twice = [...counted].find(([, times]) => times !== 1);
      if (twice !== undefined) breakPromise(`${twice[0]} was counted ${twice[1]} times`);
      if (counted.size !== expected) breakPromise(`${counted.size} samples were counted, of ${expected}`);
    },
  };
}
