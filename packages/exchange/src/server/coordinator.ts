import type {
  FingerprintMessage,
  HeartbeatMessage,
  JoinRequestMessage,
  LeaseIdMessage,
  MemberMessage,
} from '@llava-ts/protos';
import { LlavaError, type Logger } from '@llava-ts/telemetry';
import type { LeaseId, StepLedger } from '@llava-ts/trainer';
import { setTimeout as delay } from 'node:timers/promises';
import { createDeferred } from '../deferred.js';
import { checkFingerprint, checkMember, checkName, oneLine, type RunIdentity } from './checks.js';
import { createMembers, type Member, type MemberLink, type Members } from './members.js';

/** What a coordinator works with. */
export interface CoordinatorOptions {
  readonly identity: RunIdentity;
  readonly ledger: StepLedger;
  readonly leaseTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly logger: Logger;
  readonly now: () => number;
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
  /** A lease was delivered: whoever else works on it may stop. */
  delivered(lease: LeaseId, by: Member): void;
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

/** Leases that a member may still push are remembered for this many grants. */
const REMEMBERED_GRANTS = 64;

/** Creates the coordinator of a run. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { identity, ledger, leaseTimeoutMs, heartbeatTimeoutMs, logger, now } = options;
  const members = createMembers({ heartbeatTimeoutMs, now });
  let hold: Hold | null = null;
  let tickedMs = now();
  let wake: NodeJS.Timeout | undefined;
  let emptied = createDeferred<void>();

  function remove(member: Member, why: string, error: LlavaError | null): void {
    members.remove(member);
    const back = ledger.release(member.incarnation);
    logger.info(`worker ${member.name} is gone: ${why}`, { leases: back.length });
    member.link?.end(error);
    member.link = null;
    dispatch();
    if (members.all().length > 0) return;
    emptied.resolve();
    emptied = createDeferred<void>();
  }

  function serve(member: Member, link: MemberLink): 'served' | { untilMs: number | null } {
    if (hold?.kind === 'draining') {
      link.drain(hold.reason);
      return 'served';
    }
    if (hold?.kind === 'paused') return { untilMs: null };
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
        link.grant({ lease: member.working, version, first, count, timeoutMs: leaseTimeoutMs });
        return 'served';
      }
    }
  }

  function dispatch(): void {
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
    join(request) {
      const name = checkName(request.worker, 'worker name');
      const incarnation = checkName(request.incarnation, 'incarnation');
      checkFingerprint(identity, request.fingerprint, false);
      const member = members.join(name, incarnation);
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
      logger.info(`session of worker ${member.name} broke; waiting for it`, { timeoutMs: heartbeatTimeoutMs });
    },
    heartbeat(member, beat) {
      member.heardMs = now();
      member.phase = phaseOf(beat);
      member.residentBytes = beat.residentBytes;
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
    leave: (member, reason) => remove(member, `it left: ${oneLine(reason)}`, null),
    wasGranted: (member, lease) => member.granted.has(keyOf(lease)),
    delivered(lease, by) {
      for (const other of members.all()) {
        if (other === by || other.working === null || keyOf(other.working) !== keyOf(lease)) continue;
        other.link?.cancel(other.working, `worker ${by.name} has delivered it`);
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
