import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { FingerprintInput, MemberInput, SessionDownMessage, SessionUpInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { Assignment, LeaseId } from '@llava-ts/trainer';
import { createDeferred } from '../deferred.js';
import { fromServiceError } from '../wire/error-table.js';

/** What a worker is doing, as its heartbeats say. */
export type Phase = 'WAITING' | 'LOADING' | 'PULLING' | 'COMPUTING' | 'PUSHING';

/** The stream that a session runs over. */
export type SessionStream = ClientDuplexStream<SessionUpInput, SessionDownMessage>;

/** What a session needs to know. */
export interface SessionOptions {
  readonly stream: SessionStream;
  readonly peer: string;
  readonly member: MemberInput;
  readonly holding: readonly LeaseId[];
  readonly heartbeatMs: number;
  /** Silence of the server for this long ends the session. */
  readonly silenceMs: number;
  readonly phase: () => Phase;
  readonly now: () => number;
  readonly onAssignment: (assignment: Assignment) => void;
  readonly onCancel: (lease: LeaseId, reason: string) => void;
}

/** One open stream to the coordinator. */
export interface Session {
  /** Resolves with null when the server said that there is no more work, or with why the stream broke. */
  readonly closed: Promise<LlavaError | null>;
  /** Asks for one assignment. */
  ready(fingerprint: FingerprintInput, preparedStage: number): void;
  /** Ends the membership; resolves when the server has taken note, or is gone. */
  leave(reason: string): Promise<void>;
}

/** Starts a session on a new stream: says hello, keeps the heart beating, hands on what comes down. */
export function openSession(options: SessionOptions): Session {
  const { stream, peer, member, holding, heartbeatMs, silenceMs, phase, now, onAssignment, onCancel } = options;
  const closed = createDeferred<LlavaError | null>();
  let sequence = 0;
  let heardMs = now();
  let over = false;

  const beat = setInterval(() => {
    if (now() - heardMs > silenceMs) return end(new LlavaError('unavailable', `${peer}: silent for ${silenceMs} ms`));
    sequence += 1;
    stream.write({ heartbeat: { sequence, phase: `PHASE_${phase()}`, residentBytes: process.memoryUsage.rss() } });
  }, heartbeatMs);

  function end(reason: LlavaError | null): void {
    if (over) return;
    over = true;
    clearInterval(beat);
    stream.cancel();
    closed.resolve(reason);
  }

  stream.on('data', (down: SessionDownMessage) => {
    heardMs = now();
    if (over) return;
    const assignment = toAssignment(down);
    if (assignment === 'malformed') return end(new LlavaError('corrupt', `${peer}: sent a grant without a lease`));
    if (assignment !== null) onAssignment(assignment);
    if (down.cancel?.lease) onCancel(down.cancel.lease, down.cancel.reason);
  });
  stream.on('error', (error: ServiceError) => end(fromServiceError(error, peer)));
  stream.on('end', () => end(new LlavaError('unavailable', `${peer}: ended the session`)));
  stream.write({ hello: { member, holding: [...holding] } });

  return {
    closed: closed.promise,
    ready: (fingerprint, preparedStage) => void stream.write({ ready: { fingerprint, preparedStage } }),
    async leave(reason) {
      if (over) return;
      clearInterval(beat);
      stream.write({ leave: { reason } });
      stream.end();
      const timer = setTimeout(() => end(null), silenceMs);
      await closed.promise;
      clearTimeout(timer);
    },
  };
}

function toAssignment(down: SessionDownMessage): Assignment | 'malformed' | null {
  switch (down.message) {
    case 'grant': {
      const { lease, version = 0, first = 0, count = 0 } = down.grant ?? {};
      if (!lease) return 'malformed';
      return {
        kind: 'lease',
        lease: { stage: lease.stage, step: lease.step, lease: lease.lease, version, first, count },
      };
    }
    case 'stageChange':
      return { kind: 'stage', stage: down.stageChange?.stage ?? 0 };
    case 'done':
    case 'drain':
      return { kind: 'done' };
    default:
      return null;
  }
}
