import { PROTOCOL_VERSION, type FingerprintInput, type JoinReplyMessage, type MemberInput } from '@llava-ts/protos';
import { LlavaError, type Logger } from '@llava-ts/telemetry';
import type { Assignment } from '@llava-ts/trainer';
import { createDeferred, type Deferred } from '../deferred.js';
import { retrying, type RetryOptions } from './backoff.js';
import type { Channels } from './channels.js';
import { joinOnce } from './join.js';
import { createLeaseBook, type LeaseBook } from './lease-book.js';
import { openSession, type Phase, type Session } from './session.js';

/** As whom a worker speaks, and what it was told when it joined. */
export interface Joined {
  readonly reply: JoinReplyMessage;
  readonly member: MemberInput;
}

/** Settings of a membership. */
export interface MembershipOptions {
  readonly channels: Channels;
  readonly address: string;
  readonly workerName: string;
  readonly incarnation: string;
  /** Of the configuration that the server must have; empty when any will do. */
  readonly expectedConfigDigest: string;
  readonly retry: (what: string, retryable: RetryOptions['retryable'], signal?: AbortSignal) => RetryOptions;
  readonly logger: Logger;
  readonly now: () => number;
}

/** A worker's place in a run. It joins, keeps a session open, and joins again whenever the session or the server is lost. */
export interface Membership {
  join(): Promise<Joined>;
  /** @throws {LlavaError} what the server refused for good. */
  current(): Joined;
  readonly leases: LeaseBook;
  /** The server has said that there is no more work. */
  over(): boolean;
  setPhase(phase: Phase): void;
  /** Waits for the next assignment. One at a time. */
  next(proof: FingerprintInput, signal?: AbortSignal): Promise<Assignment>;
  leave(reason: string): Promise<void>;
}

/** Pause before a broken session is replaced. */
const REJOIN_PAUSE_MS = 100;

/** Creates a membership; nothing is sent before `join`. */
export function createMembership(options: MembershipOptions): Membership {
  const { channels, address, logger, retry, now } = options;
  const leases = createLeaseBook();
  let joined: Joined | null = null;
  let session: Session | null = null;
  let failure: LlavaError | null = null;
  let phase: Phase = 'LOADING';
  let preparedStage = 0;
  let proof: FingerprintInput | null = null;
  /** Somebody waits for an assignment. */
  let waiting: Deferred<Assignment> | null = null;
  /** The server owes this session an assignment. */
  let asked = false;
  /** Came when nobody waited any more. */
  let unclaimed: Assignment | null = null;
  let ended = false;
  const left = new AbortController();

  async function join(): Promise<Joined> {
    const configDigest = joined?.reply.configDigest ?? options.expectedConfigDigest;
    const fingerprint = { protocolVersion: PROTOCOL_VERSION, configDigest, ...proof };
    const request = { worker: options.workerName, incarnation: options.incarnation, fingerprint };
    // 'refused': the name is taken, perhaps by a process that will be found dead in a moment.
    const patient = (error: LlavaError): boolean => error.code === 'unavailable' || error.code === 'refused';
    const reply = await retrying(
      () => joinOnce(channels.coordinator, request, address),
      retry('join', patient, left.signal),
    );
    if (joined !== null && joined.reply.generation !== reply.generation) {
      logger.info('the parameter server was restarted; joined again', { address });
      if (unclaimed?.kind === 'lease') unclaimed = null;
    }
    leases.startGeneration(reply.generation);
    joined = { reply, member: { runId: reply.runId, generation: reply.generation, incarnation: options.incarnation } };
    return joined;
  }

  function open({ reply, member }: Joined): void {
    asked = false;
    session = openSession({
      stream: channels.coordinator.Session(),
      peer: address,
      member,
      holding: leases.held(),
      heartbeatMs: reply.heartbeatMs,
      silenceMs: 2 * reply.heartbeatTimeoutMs,
      phase: () => phase,
      now,
      onAssignment: take,
      onCancel: (lease, reason) => logger.info('a lease is no longer wanted', { ...lease, reason }),
    });
    void session.closed.then(replace);
    ask();
  }

  function replace(reason: LlavaError | null): void {
    session = null;
    if (ended || reason === null) return;
    if (reason.code !== 'unavailable' && reason.code !== 'refused' && reason.code !== 'cancelled') return fail(reason);
    logger.warn('lost the session with the parameter server; joining again', { reason: reason.message });
    setTimeout(() => {
      if (!ended) join().then(open, fail);
    }, REJOIN_PAUSE_MS);
  }

  function fail(error: unknown): void {
    failure =
      error instanceof LlavaError
        ? error
        : new LlavaError('internal', `session with ${address}: ${String(error)}`, { cause: error });
    waiting?.reject(failure);
    waiting = null;
  }

  function ask(): void {
    if (session === null || waiting === null || proof === null || asked) return;
    asked = true;
    session.ready(proof, preparedStage);
  }

  function take(assignment: Assignment): void {
    asked = false;
    if (assignment.kind === 'lease') leases.granted(assignment.lease);
    if (assignment.kind === 'stage') preparedStage = assignment.stage;
    if (assignment.kind === 'done') {
      ended = true;
      leases.clear();
    }
    if (waiting === null) unclaimed = assignment;
    else waiting.resolve(assignment);
    waiting = null;
  }

  function current(): Joined {
    if (failure !== null) throw failure;
    if (joined === null) throw new LlavaError('internal', 'join() must come first');
    return joined;
  }

  return {
    leases,
    current,
    over: () => ended,
    async join() {
      const first = await join();
      preparedStage = first.reply.stage;
      open(first);
      return first;
    },
    setPhase(value) {
      phase = value;
    },
    async next(newProof, signal) {
      current();
      if (waiting !== null) throw new LlavaError('internal', 'next() is already waiting');
      if (unclaimed !== null) {
        const assignment = unclaimed;
        unclaimed = null;
        return assignment;
      }
      if (ended) return { kind: 'done' };
      proof = newProof;
      const mine = createDeferred<Assignment>();
      waiting = mine;
      const cancel = (): void => {
        if (waiting === mine) waiting = null;
        mine.reject(new LlavaError('cancelled', 'waiting for work: cancelled'));
      };
      if (signal?.aborted === true) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      ask();
      return mine.promise.finally(() => signal?.removeEventListener('abort', cancel));
    },
    async leave(reason) {
      ended = true;
      await session?.leave(reason);
      left.abort();
    },
  };
}
