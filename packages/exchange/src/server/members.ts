import { LlavaError } from '@llava-ts/telemetry';
import type { LeaseId } from '@llava-ts/trainer';
import type { Phase } from '../client/session.js';

/** The way to a worker: its session stream. */
export interface MemberLink {
  grant(grant: { lease: LeaseId; version: number; first: number; count: number; timeoutMs: number }): void;
  stageChange(stage: number): void;
  done(reason: string): void;
  drain(reason: string): void;
  cancel(lease: LeaseId, reason: string): void;
  /** Ends the stream: with an error, or quietly. */
  end(error: LlavaError | null): void;
}

/** A worker of the run, as the coordinator knows it. Its `incarnation` is its identity, the name is for people. */
export interface Member {
  readonly name: string;
  readonly incarnation: string;
  /** Null while the stream is broken. */
  link: MemberLink | null;
  /** The last sign of life. */
  heardMs: number;
  /** The stage that the worker's programs are made for, as it said when it last asked. */
  preparedStage: number;
  /** Its fingerprint was complete and right, in this session. */
  proven: boolean;
  /** It waits for an assignment since this moment; null when it does not. */
  askedMs: number | null;
  phase: Phase | 'UNSPECIFIED';
  residentBytes: number;
  /** What computes, as it says. */
  device: string;
  lastError: string;
  deliveredLeases: number;
  /** How often a process of this name has joined before. */
  readonly restarts: number;
  /** Milliseconds since 1970. */
  readonly joinedUnixMs: number;
  /** Its last delivered leases, newest last. */
  recentLeases: readonly {
    readonly ms: number;
    readonly tokens: number;
    readonly timings: Readonly<Record<string, number>>;
  }[];
  /** What it was given last, until it asks again. */
  working: LeaseId | null;
  /** Leases that it was ever granted, newest last: it may push these and no others. */
  readonly granted: Set<string>;
}

/** The living workers. */
export interface Members {
  /**
   * Lets a worker in, or back in.
   * @throws {LlavaError} `refused` while another living process has the name.
   */
  join(name: string, incarnation: string): Member;
  /** @throws {LlavaError} `refused` for a process that is no member. */
  require(incarnation: string): Member;
  /** Takes out those who have been silent for too long and returns them. */
  removeSilent(): Member[];
  remove(member: Member): void;
  all(): Member[];
}

/** Creates an empty table. `now` gives milliseconds of a clock that never goes back. */
export function createMembers(options: {
  heartbeatTimeoutMs: number;
  now: () => number;
  unixMs: () => number;
}): Members {
  const { heartbeatTimeoutMs, now, unixMs } = options;
  const joins = new Map<string, number>();
  const members = new Map<string, Member>();
  return {
    join(name, incarnation) {
      const known = members.get(incarnation);
      if (known !== undefined && known.name === name) {
        known.heardMs = now();
        return known;
      }
      const namesake = [...members.values()].find(
        (member) => member.name === name || member.incarnation === incarnation,
      );
      if (namesake !== undefined) {
        const silentMs = Math.round(now() - namesake.heardMs);
        throw new LlavaError(
          'refused',
          `worker '${namesake.name}' is here already, last heard of ${silentMs} ms ago; choose another --name, or wait ${heartbeatTimeoutMs} ms if it died`,
        );
      }
      const member: Member = {
        name,
        incarnation,
        link: null,
        heardMs: now(),
        preparedStage: 0,
        proven: false,
        askedMs: null,
        phase: 'UNSPECIFIED',
        residentBytes: 0,
        device: '',
        lastError: '',
        deliveredLeases: 0,
        restarts: joins.get(name) ?? 0,
        joinedUnixMs: unixMs(),
        recentLeases: [],
        working: null,
        granted: new Set(),
      };
      members.set(incarnation, member);
      joins.set(name, member.restarts + 1);
      return member;
    },
    require(incarnation) {
      const member = members.get(incarnation);
      if (member === undefined)
        throw new LlavaError('refused', `process '${incarnation}' is no member of this run (any more); join again`);
      return member;
    },
    removeSilent() {
      const silent = [...members.values()].filter((member) => now() - member.heardMs > heartbeatTimeoutMs);
      for (const { incarnation } of silent) members.delete(incarnation);
      return silent;
    },
    remove: (member) => void members.delete(member.incarnation),
    all: () => [...members.values()],
  };
}
