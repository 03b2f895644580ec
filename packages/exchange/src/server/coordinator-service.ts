import type { CoordinatorHandlers, JoinReplyInput, SessionDownInput, SessionUpMessage } from '@llava-ts/protos';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { LlavaError } from '@llava-ts/telemetry';
import { toStatus } from '../wire/error-table.js';
import type { Coordinator } from './coordinator.js';
import type { JoinLimit } from './join-limit.js';
import type { Member, MemberLink } from './members.js';

/** What the service needs beside the coordinator. */
export interface CoordinatorServiceOptions {
  /** What every Join answers. @throws {LlavaError} `unavailable` while it is not known where all shards are */
  readonly joinReply: () => JoinReplyInput;
  /** The stage that workers prepare for. */
  readonly stage: () => number;
  readonly limit: JoinLimit;
}

/** The Coordinator service: turns calls into calls of the coordinator. */
export function coordinatorHandlers(
  coordinator: Coordinator,
  { joinReply, stage, limit }: CoordinatorServiceOptions,
): CoordinatorHandlers {
  return {
    Join(call, callback) {
      try {
        limit.admit(coordinator.members.all().length);
        const reply = joinReply();
        coordinator.join(call.request);
        callback(null, reply);
      } catch (error) {
        callback(toStatus(error));
      }
    },
    Session(call) {
      serveSession(coordinator, call, stage);
    },
  };
}

function serveSession(
  coordinator: Coordinator,
  call: ServerDuplexStream<SessionUpMessage, SessionDownInput>,
  stage: () => number,
): void {
  let member: Member | null = null;
  let over = false;
  const end = (error: unknown): void => {
    if (over) return;
    over = true;
    if (member !== null) coordinator.detach(member, link);
    if (error === null) call.end();
    else call.emit('error', toStatus(error));
  };
  const link = createLink(call, end);
  call.on('data', (up: SessionUpMessage) => {
    if (over) return;
    try {
      if (member === null) member = greet(coordinator, up, link, stage());
      else handle(coordinator, member, up, call);
    } catch (error) {
      end(error);
    }
  });
  call.on('end', () => end(null));
  call.on('cancelled', () => end(null));
  call.on('error', () => {});
}

function greet(coordinator: Coordinator, up: SessionUpMessage, link: SessionLink, stage: number): Member {
  if (!up.hello)
    throw new LlavaError('bad-input', `session: expected hello first, got ${up.message ?? 'an empty message'}`);
  const member = coordinator.attach(up.hello.member, up.hello.holding, link);
  link.welcome(stage);
  return member;
}

function handle(
  coordinator: Coordinator,
  member: Member,
  up: SessionUpMessage,
  call: ServerDuplexStream<SessionUpMessage, SessionDownInput>,
): void {
  if (up.heartbeat) {
    coordinator.heartbeat(member, up.heartbeat);
    call.write({ heartbeatAck: { sequence: up.heartbeat.sequence } });
  } else if (up.ready) {
    coordinator.ready(member, up.ready.fingerprint, up.ready.preparedStage);
  } else if (up.release) {
    if (!up.release.lease) throw new LlavaError('bad-input', 'release: no lease is named');
    coordinator.release(member, up.release.lease, up.release.reason, up.release.failed);
  } else if (up.leave) {
    coordinator.leave(member, up.leave.reason);
  } else {
    throw new LlavaError('bad-input', `session: unexpected message ${up.message ?? '(empty)'}`);
  }
}

type SessionLink = MemberLink & { welcome: (stage: number) => void };

function createLink(
  call: ServerDuplexStream<SessionUpMessage, SessionDownInput>,
  end: (error: LlavaError | null) => void,
): SessionLink {
  return {
    welcome: (stage) => void call.write({ welcome: { stage } }),
    grant: (grant) => void call.write({ grant }),
    stageChange: (stage) => void call.write({ stageChange: { stage } }),
    done: (reason) => void call.write({ done: { reason } }),
    drain: (reason) => void call.write({ drain: { reason } }),
    cancel: (lease, reason) => void call.write({ cancel: { lease, reason } }),
    end,
  };
}
