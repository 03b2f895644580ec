import { LlavaError } from '@llava-ts/telemetry';
import type { Lease, LeaseResult, PushOutcome } from './exchange-port.js';
import { stepLeases, type StagePlan } from './stage-plan.js';

/** A step boundary of a run: `step` steps of stage `stage` are applied. */
export interface RunPosition {
  readonly stage: number;
  readonly step: number;
}

/** The answer to a worker that asks for work. `wait`: ask again on `advance`, or at `untilMs` when a lease expires. */
export type Grant =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'wait'; readonly untilMs: number | null }
  | { readonly kind: 'done' };

/** What the leases of a step add up to, added in lease order. */
export interface StepTotals {
  readonly samples: number;
  readonly labelTokens: number;
  readonly lossSum: number;
}

/** Counts since the ledger was made, for status pages and reports. */
export interface LedgerCounts {
  granted: number;
  /** Grants of a lease whose holder let it expire. */
  regranted: number;
  accepted: number;
  duplicate: number;
  stale: number;
}

/** What a push says about its lease, without the gradients. */
export type LeaseFacts = Pick<LeaseResult, 'lease' | 'labelTokens' | 'lossSum'>;

/**
 * Who works on what: the leases of the current step, their holders and deadlines. It moves only when it is called and never looks at the
 * clock itself, so the local exchange and the gRPC coordinator share it and its tests need no timers.
 *
 * A lease is open, held (until its deadline) or finished. One step is in work at a time: when all its leases are finished nothing is granted
 * until the owner has applied the step and says `advance`. The first result of a lease counts, whoever held it; every later one is a
 * `duplicate`, and one for another step or stage is `stale`. So each lease is counted exactly once, whatever repeats, dies or comes late.
 */
export interface StepLedger {
  /** The step in work. `stage` equals the number of stages when the run is over. */
  position(): RunPosition;
  /** Steps of the stage in work, 0 when the run is over. */
  totalSteps(): number;
  /** Gives `holder`, who is prepared for stage `preparedStage`, the first lease that nobody works on. */
  grant(holder: string, preparedStage: number): Grant;
  /** A sign of life: moves the deadlines of all leases of `holder` and returns those it still holds. */
  renew(holder: string): Lease[];
  /** Opens all leases of `holder` again and returns them: it left or is lost. */
  release(holder: string): Lease[];
  /** Says what `submit` would answer, and changes nothing: lets a server refuse a push before it has read it. */
  judge(lease: Lease): PushOutcome;
  /**
   * Finishes a lease. Call it when the gradients are safely added.
   * @throws {LlavaError} `bad-input` when the lease is none of this step's slices.
   */
  submit(facts: LeaseFacts): PushOutcome;
  /** True when every lease of the step is finished and the step waits to be applied. */
  complete(): boolean;
  /** Totals of a complete step. */
  totals(): StepTotals;
  /** The step was applied: on to the next one, or the next stage, or the end. */
  advance(): void;
  /** How many leases of the step are open, held and finished. */
  tally(): { open: number; held: number; finished: number };
  counts(): Readonly<LedgerCounts>;
}

interface Entry {
  readonly lease: Lease;
  holder: string | null;
  deadlineMs: number;
  facts: LeaseFacts | null;
}

/** Settings of a ledger. `now` gives milliseconds of a clock that never goes back. */
export interface LedgerOptions {
  readonly plans: readonly StagePlan[];
  readonly leaseTimeoutMs: number;
  readonly now: () => number;
  /** Where a resumed run goes on; the start of stage 0 by default. */
  readonly start?: RunPosition;
}

/** Creates the ledger of a run. */
export function createStepLedger(options: LedgerOptions): StepLedger {
  const { plans, leaseTimeoutMs, now } = options;
  const counts: LedgerCounts = { granted: 0, regranted: 0, accepted: 0, duplicate: 0, stale: 0 };
  let position = settle(plans, options.start ?? { stage: 0, step: 0 });
  let entries = openEntries(plans, position);

  function hold(entry: Entry, holder: string): Grant {
    counts.granted++;
    if (entry.holder !== null) counts.regranted++;
    entry.holder = holder;
    entry.deadlineMs = now() + leaseTimeoutMs;
    return { kind: 'lease', lease: entry.lease };
  }
  function heldBy(holder: string): Entry[] {
    return entries.filter((entry) => entry.facts === null && entry.holder === holder);
  }
  function judge(lease: Lease): PushOutcome {
    if (lease.stage !== position.stage || lease.step !== position.step || lease.version !== position.step)
      return 'stale';
    return entryOf(entries, lease).facts === null ? 'accepted' : 'duplicate';
  }
  const complete = (): boolean => entries.length > 0 && entries.every((entry) => entry.facts !== null);

  return {
    position: () => position,
    totalSteps: () => plans[position.stage]?.totalSteps ?? 0,
    grant(holder, preparedStage) {
      if (position.stage >= plans.length) return { kind: 'done' };
      if (preparedStage !== position.stage) return { kind: 'stage', stage: position.stage };
      const unfinished = entries.filter((entry) => entry.facts === null);
      const free =
        unfinished.find((entry) => entry.holder === null) ?? unfinished.find((entry) => entry.deadlineMs <= now());
      if (free !== undefined) return hold(free, holder);
      return {
        kind: 'wait',
        untilMs: unfinished.length === 0 ? null : Math.min(...unfinished.map((entry) => entry.deadlineMs)),
      };
    },
    renew(holder) {
      const mine = heldBy(holder);
      for (const entry of mine) entry.deadlineMs = now() + leaseTimeoutMs;
      return mine.map((entry) => entry.lease);
    },
    release(holder) {
      const mine = heldBy(holder);
      for (const entry of mine) entry.holder = null;
      return mine.map((entry) => entry.lease);
    },
    judge,
    submit(facts) {
      const outcome = judge(facts.lease);
      if (outcome === 'accepted') entryOf(entries, facts.lease).facts = facts;
      counts[outcome]++;
      return outcome;
    },
    complete,
    totals() {
      if (!complete())
        throw new LlavaError('internal', `step ${position.step} of stage ${position.stage} is not complete`);
      return addUp(entries);
    },
    advance() {
      if (!complete())
        throw new LlavaError('internal', `step ${position.step} of stage ${position.stage} is not complete`);
      position = settle(plans, { stage: position.stage, step: position.step + 1 });
      entries = openEntries(plans, position);
    },
    tally() {
      const finished = entries.filter((entry) => entry.facts !== null).length;
      const held = entries.filter(
        (entry) => entry.facts === null && entry.holder !== null && entry.deadlineMs > now(),
      ).length;
      return { open: entries.length - finished - held, held, finished };
    },
    counts: () => counts,
  };
}

/** Moves a position at the end of a stage to the start of the next stage that has steps. */
function settle(plans: readonly StagePlan[], position: RunPosition): RunPosition {
  const plan = plans[position.stage];
  if (plan === undefined || position.step < plan.totalSteps) return position;
  return settle(plans, { stage: position.stage + 1, step: 0 });
}

function openEntries(plans: readonly StagePlan[], position: RunPosition): Entry[] {
  const plan = plans[position.stage];
  if (plan === undefined) return [];
  return stepLeases(plan, position.step).map((lease) => ({ lease, holder: null, deadlineMs: 0, facts: null }));
}

function entryOf(entries: readonly Entry[], lease: Lease): Entry {
  const entry = entries[lease.lease];
  if (entry === undefined || entry.lease.first !== lease.first || entry.lease.count !== lease.count) {
    const expected =
      entry === undefined
        ? `leases 0 to ${entries.length - 1}`
        : `samples ${entry.lease.first} to ${entry.lease.first + entry.lease.count - 1}`;
    throw new LlavaError(
      'bad-input',
      `lease ${lease.lease} with ${lease.count} samples from ${lease.first} is none of step ${lease.step}: expected ${expected}`,
    );
  }
  return entry;
}

function addUp(entries: readonly Entry[]): StepTotals {
  let totals = { samples: 0, labelTokens: 0, lossSum: 0 };
  for (const { lease, facts } of entries) {
    totals = {
      samples: totals.samples + lease.count,
      labelTokens: totals.labelTokens + (facts?.labelTokens ?? 0),
      lossSum: totals.lossSum + (facts?.lossSum ?? 0),
    };
  }
  return totals;
}
