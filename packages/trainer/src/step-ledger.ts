import { LlavaError } from '@llava-ts/telemetry';
import type { Lease, LeaseId, LeaseResult, PushOutcome } from './exchange-port.js';
import { stepLeases, type StagePlan } from './stage-plan.js';

/** A step boundary of a run: `step` steps of stage `stage` are applied. */
export interface RunPosition {
  readonly stage: number;
  readonly step: number;
}

/**
 * The answer to a worker that asks for work. `why`: nobody worked on the lease, its holder let it `expire`, or it is a `backup` for a holder that is
 * slow. `wait`: ask again on `advance`, or at `untilMs`, when a lease expires or is late enough for a backup.
 */
export type Grant =
  | { readonly kind: 'lease'; readonly lease: Lease; readonly why: GrantReason; readonly holders: readonly string[] }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'wait'; readonly untilMs: number | null }
  | { readonly kind: 'done' };

/** Why a lease can be granted. */
export type GrantReason = 'open' | 'expired' | 'backup';

/** What the leases of a step add up to, added in lease order; without those that were skipped. */
export interface StepTotals {
  readonly samples: number;
  readonly labelTokens: number;
  readonly lossSum: number;
  readonly tokens: number;
  readonly truncatedSamples: number;
  readonly skippedSamples: number;
  /** Milliseconds by what the workers did, summed. */
  readonly timings: Readonly<Record<string, number>>;
}

/** Counts since the ledger was made, for status pages and reports. */
export interface LedgerCounts {
  granted: number;
  /** Grants of a lease whose holder let it expire. */
  regranted: number;
  /** Grants of a lease beside a holder that is slow. */
  backups: number;
  /** Leases that were left out. */
  skipped: number;
  accepted: number;
  duplicate: number;
  stale: number;
}

/** What a push says about its lease, without the gradients. */
export type LeaseFacts = Pick<LeaseResult, 'lease' | 'labelTokens' | 'lossSum'> &
  Partial<Pick<LeaseResult, 'tokens' | 'truncatedSamples' | 'skippedSamples' | 'timings'>>;

/**
 * Who works on what: the leases of the current step, their holders and deadlines. It moves only when it is called and never looks at the
 * clock itself, so the local exchange and the gRPC coordinator share it and its tests need no timers.
 *
 * A lease is open, held (until its deadline, by one worker, or by two when the first is slow at the end of a step) or finished. One step is in work at a time: when all its leases are finished nothing is granted
 * until the owner has applied the step and says `advance`. The first result of a lease counts, whoever held it; every later one is a
 * `duplicate`, and one for another step or stage is `stale`. So each lease is counted exactly once, whatever repeats, dies or comes late.
 */
export interface StepLedger {
  /** The step in work. `stage` equals the number of stages when the run is over. */
  position(): RunPosition;
  /** Steps of the stage in work, 0 when the run is over. */
  totalSteps(): number;
  /**
   * Gives `holder`, who is prepared for stage `preparedStage`, the first lease that nobody works on; when there is none, one whose holder is late.
   * A lease that `holder` has failed comes last.
   */
  grant(holder: string, preparedStage: number): Grant;
  /** A sign of life: moves the deadlines of all leases of `holder` and returns those it still holds. */
  renew(holder: string): Lease[];
  /** Opens all leases of `holder` again and returns them: it left or is lost. */
  release(holder: string): Lease[];
  /** `holder` tried a lease and could not: it is open again. */
  fail(lease: LeaseId, holder: string): void;
  /**
   * Leaves a lease of the step out: it counts as finished and adds nothing. All others are open again, because what they added is to be
   * dropped: only a step that never saw the lease has the same bits whoever had pushed which part of it.
   */
  skip(lease: LeaseId): void;
  /** The leases of the step that are left out. */
  skipped(): number[];
  /** The leases of the step that are finished. */
  finished(): number[];
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

interface Holder {
  readonly name: string;
  readonly grantedMs: number;
  deadlineMs: number;
}

interface Entry {
  readonly lease: Lease;
  holders: Holder[];
  facts: LeaseFacts | null;
  skipped: boolean;
  /** Workers that tried and could not. */
  readonly failedBy: Set<string>;
}

/** A holder is slow when it has a lease for longer than this many times the usual. */
const SLOW_FACTOR = 2;
/** No lease is called late before this. */
const LEAST_LATE_MS = 1000;
/** The usual time is the median of so many accepted leases, once there are a few. */
const REMEMBERED_TIMES = 64;
const FEWEST_TIMES = 4;

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
  const counts = { granted: 0, regranted: 0, backups: 0, skipped: 0, accepted: 0, duplicate: 0, stale: 0 };
  const usual = createUsualTime();
  let position = settle(plans, options.start ?? { stage: 0, step: 0 });
  let entries = openEntries(plans, position);

  const unfinished = (): Entry[] => entries.filter((entry) => entry.facts === null);
  const complete = (): boolean => entries.length > 0 && unfinished().length === 0;
  const expired = (entry: Entry): boolean => entry.holders.every(({ deadlineMs }) => deadlineMs <= now());
  /** When a second worker may take an entry; null when never. */
  function lateMs({ holders }: Entry, holder: string): number | null {
    const [first] = holders;
    const usualMs = usual.get();
    if (first === undefined || holders.length > 1 || first.name === holder || usualMs === null) return null;
    return first.grantedMs + Math.max(LEAST_LATE_MS, SLOW_FACTOR * usualMs);
  }
  function reasonFor(entry: Entry, holder: string): GrantReason | null {
    if (entry.holders.length === 0) return 'open';
    if (expired(entry)) return 'expired';
    return (lateMs(entry, holder) ?? Infinity) <= now() ? 'backup' : null;
  }
  function choose(holder: string): { entry: Entry; why: GrantReason } | null {
    const order: readonly GrantReason[] = ['open', 'expired', 'backup'];
    const free = unfinished().flatMap((entry) => {
      const why = reasonFor(entry, holder);
      return why === null ? [] : [{ entry, why, rank: order.indexOf(why) + (entry.failedBy.has(holder) ? 10 : 0) }];
    });
    return free.sort((a, b) => a.rank - b.rank || a.entry.lease.lease - b.entry.lease.lease)[0] ?? null;
  }
  function hold({ entry, why }: { entry: Entry; why: GrantReason }, name: string): Grant {
    const holders = entry.holders.map((holder) => holder.name);
    counts.granted++;
    if (why === 'expired') counts.regranted++;
    if (why === 'backup') counts.backups++;
    else entry.holders = [];
    entry.holders.push({ name, grantedMs: now(), deadlineMs: now() + leaseTimeoutMs });
    return { kind: 'lease', lease: entry.lease, why, holders };
  }
  function heldBy(name: string): { entry: Entry; holder: Holder }[] {
    return unfinished().flatMap((entry) =>
      entry.holders.filter((holder) => holder.name === name).map((holder) => ({ entry, holder })),
    );
  }
  function drop(entry: Entry, name: string): void {
    entry.holders = entry.holders.filter((holder) => holder.name !== name);
  }
  function judge(lease: Lease): PushOutcome {
    if (lease.stage !== position.stage || lease.step !== position.step || lease.version !== position.step)
      return 'stale';
    return entryOf(entries, lease).facts === null ? 'accepted' : 'duplicate';
  }
  const inWork = ({ stage, step, lease }: LeaseId): Entry | undefined =>
    stage === position.stage && step === position.step ? entries[lease] : undefined;
  const requireComplete = (): void => {
    if (!complete())
      throw new LlavaError('internal', `step ${position.step} of stage ${position.stage} is not complete`);
  };

  return {
    position: () => position,
    totalSteps: () => plans[position.stage]?.totalSteps ?? 0,
    grant(holder, preparedStage) {
      if (position.stage >= plans.length) return { kind: 'done' };
      if (preparedStage !== position.stage) return { kind: 'stage', stage: position.stage };
      const chosen = choose(holder);
      if (chosen !== null) return hold(chosen, holder);
      const moments = unfinished().flatMap((entry) => [
        Math.max(...entry.holders.map(({ deadlineMs }) => deadlineMs)),
        lateMs(entry, holder) ?? Infinity,
      ]);
      return { kind: 'wait', untilMs: moments.length === 0 ? null : Math.min(...moments) };
    },
    renew(name) {
      const mine = heldBy(name);
      for (const { holder } of mine) holder.deadlineMs = now() + leaseTimeoutMs;
      return mine.map(({ entry }) => entry.lease);
    },
    release(name) {
      const mine = heldBy(name);
      for (const { entry } of mine) drop(entry, name);
      return mine.map(({ entry }) => entry.lease);
    },
    fail(lease, holder) {
      const entry = inWork(lease);
      if (entry === undefined || entry.facts !== null) return;
      entry.failedBy.add(holder);
      drop(entry, holder);
    },
    skip(lease) {
      const entry = inWork(lease);
      if (entry === undefined || entry.skipped) return;
      entry.skipped = true;
      counts.skipped++;
      for (const other of entries) {
        other.holders = [];
        other.facts = other.skipped ? { lease: other.lease, labelTokens: 0, lossSum: 0 } : null;
      }
    },
    skipped: () => entries.flatMap((entry, lease) => (entry.skipped ? [lease] : [])),
    finished: () => entries.flatMap((entry, lease) => (entry.facts === null ? [] : [lease])),
    judge,
    submit(facts) {
      const outcome = judge(facts.lease);
      if (outcome === 'accepted') {
        const entry = entryOf(entries, facts.lease);
        entry.facts = facts;
        for (const { grantedMs } of entry.holders.slice(0, 1)) usual.add(now() - grantedMs);
      }
      counts[outcome]++;
      return outcome;
    },
    complete,
    totals() {
      requireComplete();
      return addUp(entries);
    },
    advance() {
      requireComplete();
      position = settle(plans, { stage: position.stage, step: position.step + 1 });
      entries = openEntries(plans, position);
    },
    tally() {
      const open = unfinished().filter(expired).length;
      return { open, held: unfinished().length - open, finished: entries.length - unfinished().length };
    },
    counts: () => counts,
  };
}

/** The median of the last times; null while there are too few to tell. */
function createUsualTime(): { add: (ms: number) => void; get: () => number | null } {
  const times: number[] = [];
  return {
    add(ms) {
      times.push(ms);
      if (times.length > REMEMBERED_TIMES) times.shift();
    },
    get() {
      if (times.length < FEWEST_TIMES) return null;
      return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? null;
    },
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
  return stepLeases(plan, position.step).map((lease) => ({
    lease,
    holders: [],
    facts: null,
    skipped: false,
    failedBy: new Set<string>(),
  }));
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
  const totals = { samples: 0, labelTokens: 0, lossSum: 0, tokens: 0, truncatedSamples: 0, skippedSamples: 0 };
  const timings: Record<string, number> = {};
  for (const { lease, facts, skipped } of entries) {
    const left = skipped ? lease.count : (facts?.skippedSamples ?? 0);
    totals.skippedSamples += left;
    totals.samples += lease.count - left;
    totals.labelTokens += facts?.labelTokens ?? 0;
    totals.lossSum += facts?.lossSum ?? 0;
    totals.tokens += facts?.tokens ?? 0;
    totals.truncatedSamples += facts?.truncatedSamples ?? 0;
    for (const [name, ms] of Object.entries(facts?.timings ?? {})) timings[name] = (timings[name] ?? 0) + ms;
  }
  return { ...totals, timings };
}
