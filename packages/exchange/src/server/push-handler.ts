import type { ServerReadableStream } from '@grpc/grpc-js';
import type { PushReplyInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { Lease, PushOutcome } from '@llava-ts/trainer';
import { splitPayload } from '../wire/layout.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import type { PushPart } from '../wire/parts.js';
import { createPayloadReceiver, type PayloadReceiver } from '../wire/payload-receiver.js';
import type { PayloadPool } from './payload-pool.js';
import { checkPush, type CheckedPush, type PushRules } from './push-checks.js';

/** What taking pushes needs. */
export interface PushContext extends PushRules {
  readonly payloads: PayloadPool;
  /** A lease was counted: the step may be complete now. */
  readonly onAccepted: () => void;
  /** A push was refused. */
  readonly onRefused: (error: unknown) => void;
  /** A push came over whole and its gradients cannot be used. */
  readonly onUnfit: (lease: Lease, error: unknown) => void;
  readonly onBytes: (bytes: number) => void;
  /** Pushes that are being received, by worker and lease: a second one takes the place of the first. */
  readonly open: Map<string, (error: LlavaError) => void>;
  /** A push that gets no part for this long is given up. */
  readonly idleMs: number;
}

/** A stream of parts from a worker. */
export type PushCall = Pick<ServerReadableStream<PushPart, PushReplyInput>, 'on' | 'cancelled'>;

/** A push between its header and its commit. */
interface OpenPush extends CheckedPush {
  readonly receiver: PayloadReceiver;
}

/**
 * Takes one push. It is judged when its header is there, so that a stale one costs no transfer, and again when its commit is there;
 * nothing counts before count and checksum are right. `answer` is called once.
 */
export function takePush(
  context: PushContext,
  call: PushCall,
  answer: (error: unknown, outcome: PushOutcome | null) => void,
): void {
  let open: OpenPush | null = null;
  let answered = false;
  const fail = (error: unknown): void => settle(error, null);
  const idle = setTimeout(
    () => fail(new LlavaError('unavailable', `push: nothing came for ${context.idleMs} ms`)),
    context.idleMs,
  );

  function settle(error: unknown, outcome: PushOutcome | null): void {
    if (answered) return;
    answered = true;
    clearTimeout(idle);
    if (open !== null) {
      if (context.open.get(keyOf(open)) === fail) context.open.delete(keyOf(open));
      context.payloads.giveBack(open.receiver.payload);
      open = null;
    }
    if (outcome === null) context.onRefused(error);
    answer(error, outcome);
    if (outcome === 'accepted') context.onAccepted();
  }

  function begin(part: PushPart): void {
    if (part.part !== 'header') throw new LlavaError('bad-input', `push: expected a header first, got ${part.part}`);
    const checked = checkPush(context, part.header);
    if (checked.duplicate) return settle(null, 'duplicate');
    const { lease, layout, member } = checked;
    context.open.get(keyOf(checked))?.(new LlavaError('unavailable', 'push: sent again meanwhile'));
    context.open.set(keyOf(checked), fail);
    const what = `push of lease ${lease.lease} of step ${lease.step} by worker ${member.name}`;
    const limits = { maxChunkBytes: MAX_CHUNK_BYTES, what };
    open = { ...checked, receiver: createPayloadReceiver(context.payloads.take(layout.size), limits) };
  }

  function take(part: PushPart): void {
    if (part.part === 'malformed') throw new LlavaError('bad-input', `push: ${part.reason}`);
    if (open === null) return begin(part);
    if (part.part === 'header') throw new LlavaError('bad-input', 'push: a second header');
    if (part.part === 'chunk') {
      open.receiver.take(part.chunk);
      context.onBytes(part.chunk.data.length);
      return;
    }
    open.receiver.finish(part.commit);
    const complete = open;
    context.open.delete(keyOf(complete));
    open = null; // its memory is the parameters' business from here on
    settle(null, finishPush(context, complete));
  }

  call.on('data', (part: PushPart) => {
    if (answered) return;
    idle.refresh();
    try {
      take(part);
    } catch (error) {
      fail(error);
    }
  });
  // A client that was killed also shows 'end', before 'cancelled': without its commit a push is nothing.
  call.on('end', () => fail(new LlavaError('corrupt', 'push: ended before its commit; send it again')));
  call.on('cancelled', () => fail(new LlavaError('cancelled', 'push: cancelled')));
}

function keyOf({ member, lease }: CheckedPush): string {
  return `${member.incarnation} ${lease.stage}/${lease.step}/${lease.lease}`;
}

/** Counts a push that came over whole. */
function finishPush(context: PushContext, { header, member, lease, layout, receiver }: OpenPush): PushOutcome {
  const { labelTokens, lossSum, timingsMs } = header;
  const result = { lease, gradients: splitPayload(layout, receiver.payload), labelTokens, lossSum, timings: timingsMs };
  let outcome: PushOutcome;
  try {
    outcome = context.parameters.accept(result, () => context.payloads.giveBack(receiver.payload));
  } catch (error) {
    context.onUnfit(lease, error);
    throw error;
  }
  if (outcome === 'stale') {
    const what = `push of lease ${lease.lease} of step ${lease.step}`;
    throw new LlavaError('refused', `${what}: the step was finished meanwhile; ask for the next assignment`);
  }
  if (outcome === 'accepted') {
    member.deliveredLeases += 1;
    context.coordinator.delivered(lease, member);
  }
  return outcome;
}
