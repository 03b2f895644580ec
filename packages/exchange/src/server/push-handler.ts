import type { ServerReadableStream } from '@grpc/grpc-js';
import type { PushHeaderMessage, PushReplyInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { Lease, LeaseResult, PushOutcome } from '@llava-ts/trainer';
import { splitPayload, type Layout } from '../wire/layout.js';
import { MAX_CHUNK_BYTES, MAX_TEXT_LENGTH, MAX_TIMINGS } from '../wire/limits.js';
import type { PushPart, WireCommit } from '../wire/parts.js';
import { createPayloadReceiver, type PayloadReceiver } from '../wire/payload-receiver.js';
import { checkMember, oneLine, type RunIdentity } from './checks.js';
import type { Coordinator } from './coordinator.js';
import type { Member } from './members.js';
import type { ServedParameters } from './served-parameters.js';

/** What taking pushes needs. */
export interface PushContext {
  readonly identity: RunIdentity;
  readonly coordinator: Coordinator;
  readonly parameters: ServedParameters;
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

/** What is known of a push after its header. */
interface OpenPush {
  readonly header: PushHeaderMessage;
  readonly member: Member;
  readonly lease: Lease;
  readonly layout: Layout;
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
  const fail = (error: LlavaError): void => settle(error, null);
  const idle = setTimeout(
    () => fail(new LlavaError('unavailable', `push: nothing came for ${context.idleMs} ms`)),
    context.idleMs,
  );
  const settle = (error: unknown, outcome: PushOutcome | null): void => {
    if (answered) return;
    answered = true;
    clearTimeout(idle);
    if (open !== null && context.open.get(keyOf(open)) === fail) context.open.delete(keyOf(open));
    if (outcome === null) context.onRefused(error);
    open = null;
    answer(error, outcome);
    if (outcome === 'accepted') context.onAccepted();
  };
  call.on('data', (part: PushPart) => {
    if (answered) return;
    idle.refresh();
    try {
      if (part.part === 'malformed') throw new LlavaError('bad-input', `push: ${part.reason}`);
      if (open === null) {
        const opened = openPush(context, part);
        if (opened === 'duplicate') return settle(null, 'duplicate');
        context.open.get(keyOf(opened))?.(new LlavaError('unavailable', 'push: sent again meanwhile'));
        context.open.set(keyOf(opened), fail);
        open = opened;
      } else if (part.part === 'chunk') {
        open.receiver.take(part.chunk);
        context.onBytes(part.chunk.data.length);
      } else if (part.part === 'commit') {
        settle(null, finishPush(context, open, part.commit));
      } else {
        throw new LlavaError('bad-input', 'push: a second header');
      }
    } catch (error) {
      settle(error, null);
    }
  });
  // A client that was killed also shows 'end', before 'cancelled': without its commit a push is nothing.
  call.on('end', () => fail(new LlavaError('corrupt', 'push: ended before its commit; send it again')));
  call.on('cancelled', () => fail(new LlavaError('cancelled', 'push: cancelled')));
}

const keyOf = ({ member, lease }: OpenPush): string => `${member.incarnation} ${lease.lease}`;

function openPush(context: PushContext, part: PushPart): OpenPush | 'duplicate' {
  if (part.part !== 'header') throw new LlavaError('bad-input', `push: expected a header first, got ${part.part}`);
  const { header } = part;
  const { coordinator, parameters } = context;
  const member = coordinator.members.require(checkMember(context.identity, header.member));
  const lease = findLease(context, header, member);
  const layout = parameters.pushLayout();
  if (header.layoutDigest !== layout.digest) {
    throw new LlavaError(
      'mismatch',
      `push: made for another table of tensors ('${oneLine(header.layoutDigest)}', this stage has '${layout.digest}'); pull first`,
    );
  }
  if (header.encoding !== 'ENCODING_FLOAT32')
    throw new LlavaError('bad-input', `push: encoding ${header.encoding}; expected ENCODING_FLOAT32`);
  checkFacts(header);
  const outcome = parameters.judge(lease);
  if (outcome === 'stale') throw staleError(context, header);
  if (outcome === 'duplicate') return 'duplicate';
  const what = `push of lease ${lease.lease} of step ${lease.step} by worker ${member.name}`;
  const receiver = createPayloadReceiver(new Float32Array(layout.size), { maxChunkBytes: MAX_CHUNK_BYTES, what });
  return { header, member, lease, layout, receiver };
}

function findLease(context: PushContext, header: PushHeaderMessage, member: Member): Lease {
  if (header.lease === null) throw new LlavaError('bad-input', 'push: no lease is named');
  const lease = context.parameters.find(header.lease);
  if (lease === null || header.version !== lease.version) throw staleError(context, header);
  if (!context.coordinator.wasGranted(member, lease)) {
    throw new LlavaError(
      'refused',
      `push: lease ${lease.lease} of step ${lease.step} was never granted to worker ${member.name}`,
    );
  }
  return lease;
}

function staleError({ parameters }: PushContext, { lease, version }: PushHeaderMessage): LlavaError {
  const { stage, version: step } = parameters.current();
  const came = `lease ${lease?.lease} of step ${lease?.step} of stage ${lease?.stage} at version ${version}`;
  return new LlavaError(
    'refused',
    `push: expected leases of step ${step} of stage ${stage} at version ${step}, got ${came}; ask for the next assignment`,
  );
}

function checkFacts({ labelTokens, lossSum, timingsMs }: PushHeaderMessage): void {
  if (!Number.isSafeInteger(labelTokens)) throw new LlavaError('bad-input', `push: label_tokens is ${labelTokens}`);
  if (!Number.isFinite(lossSum))
    throw new LlavaError('bad-input', `push: loss_sum is ${lossSum}: refused, nothing was changed`);
  const timings = Object.entries(timingsMs);
  const wrong = timings.find(([name, ms]) => name.length > MAX_TEXT_LENGTH || !Number.isFinite(ms));
  if (timings.length > MAX_TIMINGS || wrong !== undefined) {
    throw new LlavaError(
      'bad-input',
      `push: timings_ms must be at most ${MAX_TIMINGS} finite numbers with short names`,
    );
  }
}

function finishPush(
  { parameters, coordinator, onUnfit }: PushContext,
  { header, member, lease, layout, receiver }: OpenPush,
  commit: WireCommit,
): PushOutcome {
  receiver.finish(commit);
  const { labelTokens, lossSum, timingsMs } = header;
  const gradients = splitPayload(layout, receiver.payload);
  const outcome = accept(parameters, { lease, gradients, labelTokens, lossSum, timings: timingsMs }, onUnfit);
  if (outcome === 'stale')
    throw new LlavaError(
      'refused',
      `push of lease ${lease.lease} of step ${lease.step}: the step was finished meanwhile`,
    );
  if (outcome === 'accepted') {
    member.deliveredLeases += 1;
    coordinator.delivered(lease, member);
  }
  return outcome;
}

function accept(parameters: ServedParameters, result: LeaseResult, onUnfit: PushContext['onUnfit']): PushOutcome {
  try {
    return parameters.accept(result);
  } catch (error) {
    onUnfit(result.lease, error);
    throw error;
  }
}
