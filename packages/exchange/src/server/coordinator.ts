import type {
  FingerprintMessage,
  HeartbeatMessage,
  JoinRequestMessage,
  LeaseIdMessage,
  MemberMessage,
} from '@llava-ts/protos';
import { LlavaError, type Logger } from '@llava-ts/telemetry';
import type { LeaseFacts, LeaseId, StepLedger } from '@llava-ts/trainer';
import { setTimeout as delay } from 'node:timers/promises';
import { createDeferred } from '../deferred.js';
import { checkFingerprint, checkMember, checkName, oneLine, type RunIdentity } from './checks.js';
import type { EventLog } from './events.js';
import { createMembers, type Member, type MemberLink, type Members } from './members.js';

/** What a coordinator works with. */
export interface CoordinatorOptions {
  readonly identity: RunIdentity;
  readonly ledger: StepLedger;
  readonly leaseTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Leases are granted only while so many workers are there. */
  readonly minWorkers: number;
  readonly logger: Logger;
  readonly events: EventLog;
  readonly now: () => number;
  readonly unixMs: () => number;
  /** What else is missing before leases can be granted, one line; null for nothing. */
  readonly missing: () => string | null;
  readonly onGranted: (member: Member, lease: LeaseId) => void;
  readonly onGone: (member: Member) => void;
  /** A worker tried a lease and could not. */
  readonly onFailedLease: (lease: LeaseId, reason: string) => void;
}

/** Whether and why no leases are given out. */
export type Hold = { readonly kind: 'paused' } | { readonly kind: 'draining'; readonly reason: string };

/** Gives the ledger's leases to workers. It knows no gRPC: the service hands in what came, links carry what goes out. */
export interface Coordinator {
  readonly members: Members;
  /** Checks a worker and makes it a member. */
  join(request: JoinRequestMessage): Member;
  /** A session was opened. */
  attach(member: MemberMessage | null, holding: readonly LeaseIdMessage[], link: MemberLink): Member;
  /** A session broke; the membership lasts until the worker has been silent for too long. */
  detach(member: Member, link: MemberLink): void;
  heartbeat(member: Member, beat: HeartbeatMessage): void;
  /** A worker asks for an assignment. */
  ready(member: Member, fingerprint: FingerprintMessage | null, preparedStage: number): void;
  /** A worker hands its leases back. */
  release(member: Member, lease: LeaseId, reason: string, failed: boolean): void;
  leave(member: Member, reason: string): void;
  /** True when the worker was granted this lease at some time. */
  wasGranted(member: Member, lease: LeaseId): boolean;
  /** Gives waiting workers what there is. Call whenever the ledger or the hold changed. */
  dispatch(): void;
  /** A lease was counted: whoever else works on it may stop. */
  delivered(facts: LeaseFacts, by: { readonly name: string; readonly incarnation: string }): void;
  /** A worker's result of a lease cannot be used: others get it first. */
  failed(incarnation: string, lease: LeaseId, reason: string): void;
  /** Why no leases are granted although there are some, one line; null when they are. */
  waitingFor(): string | null;
  /** Tells everybody that there is no more work. */
  finish(reason: string): void;
  /** Takes out silent workers. Call it once per heartbeat. */
  tick(): void;
  hold(hold: Hold | null): void;
  holding(): Hold | null;
  /** Resolves when no worker is a member, at the latest after a time. */
  empty(timeoutMs: number): Promise<void>;
  /** Ends all sessions. */
  close(error: LlavaError | null): void;
}

const keyOf = ({ stage, step, lease }: LeaseId): string => `${stage}/${step}/${lease}`;

/** A worker's figures are of so many leases. */
const REMEMBERED_TIMES = 8;
/** Leases that a member may still push are remembered for this many grants. */
const REMEMBERED_GRANTS = 64;

/** Creates the coordinator of a run. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { identity, ledger, leaseTimeoutMs, heartbeatTimeoutMs, minWorkers, logger, events, now, unixMs } = options;
  const members = createMembers({ heartbeatTimeoutMs, now, unixMs });
  let waiting: string | null = null;
  let hold: Hold | null = null;
  let tickedMs = now();
  let wake: NodeJS.Timeout | undefined;
  let emptied = createDeferred<void>();

  function remove(member: Member, why: string, error: LlavaError | null): void {
    members.remove(member);
    const back = ledger.release(member.incarnation);
    options.onGone(member);
    logger.info(`worker ${member.name} is gone: ${why}`, { leases: back.length });
    member.link?.end(error);
    member.link = null;
    dispatch();
    if (members.all().length > 0) return;
    emptied.resolve();
    emptied = createDeferred<void>();
  }

  function waitingFor(): string | null {
    const there = members.all().filter(({ link }) => link !== null).length;
    if (there < minWorkers) return `${there} of ${minWorkers} workers are there`;
    return options.missing();
  }

  /** Says when the run begins to wait, and for what. */
  function noteWaiting(): void {
    const now = waitingFor();
    if (now !== null && now !== waiting) {
      events.add('WAITING', '', now);
      logger.info(`waiting: ${now}`);
    }
    waiting = now;
  }

  function serve(member: Member, link: MemberLink): 'served' | { untilMs: number | null } {
    if (hold?.kind === 'draining') {
      link.drain(hold.reason);
      return 'served';
    }
    if (hold?.kind === 'paused') return { untilMs: null };
    const over = ledger.totalSteps() === 0;
    if (!over && waitingFor() !== null) return { untilMs: null };
    const grant = ledger.grant(member.incarnation, member.preparedStage);
    switch (grant.kind) {
      case 'wait':
        return grant;
      case 'stage':
        link.stageChange(grant.stage);
        return 'served';
      case 'done':
        link.done('the run is complete');
        return 'served';
      case 'lease': {
        const { stage, step, lease, version, first, count } = grant.lease;
        remember(member, keyOf(grant.lease));
        member.working = { stage, step, lease };
        if (grant.why !== 'open') noteSecondGrant(member, grant.why, { lease: member.working, holders: grant.holders });
        options.onGranted(member, member.working);
        link.grant({ lease: member.working, version, first, count, timeoutMs: leaseTimeoutMs });
        return 'served';
      }
    }
  }

  function noteSecondGrant(
    member: Member,
    why: 'expired' | 'backup',
    { lease, holders }: { lease: LeaseId; holders: readonly string[] },
  ): void {
    const all = members.all();
    const names = holders.map((holder) => all.find(({ incarnation }) => incarnation === holder)?.name ?? holder);
    const what = `lease ${lease.lease} of step ${lease.step}`;
    if (why === 'expired')
      events.add('LEASE_EXPIRED', names.join(', '), `${what} was not delivered in time; granted to ${member.name}`);
    else events.add('LEASE_BACKUP', names.join(', '), `${what} is late; granted to ${member.name} too`);
  }

  function dispatch(): void {
    noteWaiting();
    clearTimeout(wake);
    let wakeMs = Infinity;
    const waiting = members.all().filter((member) => member.askedMs !== null && member.link !== null);
    for (const member of waiting.sort((a, b) => (a.askedMs ?? 0) - (b.askedMs ?? 0))) {
      if (member.link === null) continue;
      const outcome = serve(member, member.link);
      if (outcome === 'served') member.askedMs = null;
      else wakeMs = Math.min(wakeMs, outcome.untilMs ?? Infinity);
    }
    if (wakeMs < Infinity) wake = setTimeout(dispatch, Math.max(1, wakeMs - now()));
  }

  return {
    members,
    dispatch,
    waitingFor,
    join(request) {
      const name = checkName(request.worker, 'worker name');
      const incarnation = checkName(request.incarnation, 'incarnation');
      checkFingerprint(identity, request.fingerprint, false);
      const known = members.all().length;
      const member = members.join(name, incarnation);
      if (members.all().length > known) events.add('WORKER_JOINED', name, `process ${incarnation}`);
      logger.debug(`worker ${name} joined`, { incarnation });
      return member;
    },
    attach(speaker, holding, link) {
      const member = members.require(checkMember(identity, speaker));
      member.link?.end(new LlavaError('refused', `worker ${member.name} opened another session`));
      Object.assign(member, { link, heardMs: now(), askedMs: null, proven: false });
      const claimed = new Set(holding.map(keyOf));
      // What a lost grant left behind: the worker does not know of it. Leases that it has stay pushable.
      if (ledger.renew(member.incarnation).some((lease) => !claimed.has(keyOf(lease))))
        ledger.release(member.incarnation);
      logger.info(`worker ${member.name} opened a session`, {
        incarnation: member.incarnation,
        holding: holding.length,
      });
      dispatch();
      return member;
    },
    detach(member, link) {
      if (member.link !== link) return;
      member.link = null;
      member.askedMs = null;
      events.add('WORKER_LOST', member.name, 'its session broke; it may come back');
      noteWaiting();
      logger.info(`session of worker ${member.name} broke; waiting for it`, { timeoutMs: heartbeatTimeoutMs });
    },
    heartbeat(member, beat) {
      member.heardMs = now();
      member.phase = phaseOf(beat);
      member.residentBytes = beat.residentBytes;
      member.device = oneLine(beat.device);
      if (beat.lastError !== '') member.lastError = oneLine(beat.lastError);
    },
    ready(member, fingerprint, preparedStage) {
      member.heardMs = now();
      if (!member.proven) checkFingerprint(identity, fingerprint, true);
      member.proven = true;
      member.preparedStage = preparedStage;
      member.askedMs ??= now();
      member.working = null;
      dispatch();
    },
    release(member, lease, reason, failed) {
      logger.warn(`worker ${member.name} hands back lease ${lease.lease} of step ${lease.step}: ${oneLine(reason)}`);
      ledger.release(member.incarnation);
      if (failed) options.onFailedLease(lease, oneLine(reason));
      dispatch();
    },
    leave(member, reason) {
      events.add('WORKER_LEFT', member.name, oneLine(reason));
      remove(member, `it left: ${oneLine(reason)}`, null);
    },
    failed(incarnation, lease, reason) {
      ledger.fail(lease, incarnation);
      const member = members.all().find((one) => one.incarnation === incarnation);
      if (member !== undefined) member.lastError = reason;
    },
    wasGranted: (member, lease) => member.granted.has(keyOf(lease)),
    delivered(facts, { name, incarnation }) {
      const { lease, tokens = 0, timings = {} } = facts;
      for (const other of members.all()) {
        if (other.incarnation === incarnation) {
          const ms = Object.values(timings).reduce((sum, one) => sum + one, 0);
          other.deliveredLeases += 1;
          other.recentLeases = [...other.recentLeases, { ms, tokens, timings }].slice(-REMEMBERED_TIMES);
          continue;
        }
        if (other.working === null || keyOf(other.working) !== keyOf(lease)) continue;
        other.link?.cancel(other.working, `worker ${name} has delivered it`);
      }
    },
    finish(reason) {
      for (const member of members.all()) {
        member.askedMs = null;
        member.link?.done(reason);
      }
    },
    tick() {
      // This process stood still itself (stopped, or busy with a large step): what was sent meanwhile is not read yet.
      const stoodStill = now() - tickedMs > heartbeatTimeoutMs / 2;
      tickedMs = now();
      if (stoodStill) for (const member of members.all()) member.heardMs = now();
      for (const member of members.removeSilent()) {
        const why = `silent for more than ${heartbeatTimeoutMs} ms`;
        events.add('WORKER_LOST', member.name, why);
        remove(
          member,
          why,
          new LlavaError('refused', `worker ${member.name} was ${why}; its leases went to others; join again`),
        );
      }
    },
    hold(value) {
      hold = value;
      dispatch();
    },
    holding: () => hold,
    async empty(timeoutMs) {
      if (members.all().length === 0) return;
      const timeout = new AbortController();
      await Promise.race([emptied.promise, delay(timeoutMs, undefined, { signal: timeout.signal }).catch(() => {})]);
      timeout.abort();
    },
    close(error) {
      clearTimeout(wake);
      for (const member of members.all()) member.link?.end(error);
    },
  };
}

function remember(member: Member, key: string): void {
  member.granted.add(key);
  for (const oldest of member.granted) {
    if (member.granted.size <= REMEMBERED_GRANTS) return;
    member.granted.delete(oldest);
  }
}

function phaseOf(beat: HeartbeatMessage): Member['phase'] {
  return beat.phase.replace('PHASE_', '') as Member['phase'];
}
