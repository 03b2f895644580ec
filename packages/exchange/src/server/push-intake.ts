import { LlavaError, reach } from '@llava-ts/telemetry';
import type { Lease, LeaseFacts, PushOutcome } from '@llava-ts/trainer';
import { fromBfloat16 } from '../wire/bfloat16.js';
import type { ChecksumKind } from '../wire/checksum.js';
import { splitPayload } from '../wire/layout.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import type { PushPart } from '../wire/parts.js';
import { bytesOf, createPayloadReceiver, type PayloadReceiver } from '../wire/payload-receiver.js';
import type { Admitted } from './admission.js';
import type { PayloadPool } from './payload-pool.js';
import { LATE, checkPush, type CheckedPush, type PushRules } from './push-checks.js';

/** What taking pushes needs. */
export interface PushContext extends PushRules {
  readonly payloads: PayloadPool;
  /** This shard has a lease: now, or since an earlier push of it. */
  readonly onAdded: (facts: LeaseFacts, by: Admitted) => void;
  /** A push was refused; by whom it came is empty when that is not known. */
  readonly onRefused: (error: unknown, worker: string) => void;
  /** A push came over whole and its gradients cannot be used. */
  readonly onUnfit: (lease: Lease, error: unknown, by: Admitted) => void;
  readonly onBytes: (bytes: number) => void;
  /** Pushes that are being received, by worker and lease: a second one takes the place of the first. */
  readonly open: Map<string, (error: LlavaError) => void>;
  /** A push that gets no part for this long is given up. */
  readonly idleMs: number;
}

/** One push, as its parts come in. Nothing is thrown: what is wrong becomes the answer. */
export interface PushIntake {
  take(part: PushPart): void;
  /** Where the next bytes of the payload go, for whoever can read them right there. @throws {LlavaError} when there is no room for so many */
  space(bytes: number): Uint8Array;
  arrived(bytes: number): void;
  /** The stream broke or ended. */
  fail(error: unknown): void;
}

/** A push between its header and its commit. */
interface OpenPush extends CheckedPush {
  readonly receiver: PayloadReceiver;
  readonly payload: Float32Array;
  /** What came, before it is widened to float32; null when it came as float32. */
  readonly narrow: Uint16Array | null;
}

/**
 * Begins to take a push. It is judged when its header is there, so that a stale one costs no transfer, and again when its commit is there;
 * nothing counts before count and checksum are right. `answer` is called once.
 */
export function createPushIntake(
  context: PushContext,
  checksum: ChecksumKind,
  answer: (error: unknown, outcome: PushOutcome | null) => void,
): PushIntake {
  let open: OpenPush | null = null;
  let answered = false;
  /** The commit was right: whatever happens to the stream, the push counts if its gradients are fit. */
  let complete = false;
  let worker = '';
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
      context.payloads.giveBack(open.payload);
      open = null;
    }
    if (outcome === null) context.onRefused(error, worker);
    answer(error, outcome);
  }

  function begin(part: PushPart): void {
    if (part.part !== 'header') throw new LlavaError('bad-input', `push: expected a header first, got ${part.part}`);
    const checked = checkPush(context, part.header);
    worker = checked.member.name;
    if (checked.duplicate) {
      context.onAdded(factsOf(checked), checked.member);
      return settle(null, 'duplicate');
    }
    context.open.get(keyOf(checked))?.(new LlavaError('unavailable', 'push: sent again meanwhile'));
    context.open.set(keyOf(checked), fail);
    open = openPush(context, checked, checksum);
  }

  function step(part: PushPart): void {
    if (part.part === 'malformed') throw new LlavaError('bad-input', `push: ${part.reason}`);
    if (complete) throw new LlavaError('bad-input', `push: ${part.part} after the commit`);
    if (open === null) return begin(part);
    if (part.part === 'header') throw new LlavaError('bad-input', 'push: a second header');
    if (part.part === 'chunk') {
      open.receiver.take(part.chunk);
      context.onBytes(part.chunk.data.length);
      return;
    }
    const { finite } = open.receiver.finish(part.commit);
    const whole = open;
    complete = true;
    context.open.delete(keyOf(whole));
    open = null; // its memory is the parameters' business from here on
    reach('push.committed');
    finishPush(context, whole, finite && whole.narrow === null).then((outcome) => settle(null, outcome), fail);
  }

  return {
    fail(error) {
      if (!complete) fail(error);
    },
    take(part) {
      if (answered) return;
      idle.refresh();
      try {
        step(part);
      } catch (error) {
        fail(error);
      }
    },
    space(bytes) {
      if (open === null) throw new LlavaError('bad-input', 'push: expected a header first, got data');
      return open.receiver.space(bytes);
    },
    arrived(bytes) {
      idle.refresh();
      open?.receiver.arrived(bytes);
      context.onBytes(bytes);
    },
  };
}

function openPush(context: PushContext, checked: CheckedPush, checksum: ChecksumKind): OpenPush {
  const { lease, layout, member, header } = checked;
  const what = `push of lease ${lease.lease} of step ${lease.step} by worker ${member.name}`;
  const payload = context.payloads.take(layout.size);
  const narrow = header.encoding === 'ENCODING_BFLOAT16' ? new Uint16Array(layout.size) : null;
  const limits = { maxChunkBytes: MAX_CHUNK_BYTES, what, checksum };
  return { ...checked, payload, narrow, receiver: createPayloadReceiver(bytesOf(narrow ?? payload), limits) };
}

function keyOf({ member, lease }: CheckedPush): string {
  return `${member.incarnation} ${lease.stage}/${lease.step}/${lease.lease}`;
}

/** What a header says of its lease, without the gradients. */
function factsOf({ header, lease }: CheckedPush): LeaseFacts {
  const { labelTokens, lossSum, timingsMs, tokens, truncatedSamples } = header;
  return { lease, labelTokens, lossSum, timings: timingsMs, tokens, truncatedSamples };
}

/** Counts a push that came over whole; `finite` when its numbers are known to be. */
async function finishPush(context: PushContext, push: OpenPush, finite: boolean): Promise<PushOutcome> {
  const { header, member, lease, layout, payload, narrow } = push;
  if (narrow !== null) fromBfloat16(narrow, payload);
  const { labelTokens, lossSum, timingsMs } = header;
  const result = { lease, gradients: splitPayload(layout, payload), labelTokens, lossSum, timings: timingsMs };
  let outcome: PushOutcome;
  try {
    const release = (): void => context.payloads.giveBack(payload);
    outcome = await context.parameters.accept(result, { finite, release });
  } catch (error) {
    if (error instanceof LlavaError && error.code === 'bad-input') context.onUnfit(lease, error, member);
    throw error;
  }
  if (outcome === 'stale') {
    const what = `push of lease ${lease.lease} of step ${lease.step}`;
    throw new LlavaError('refused', `${what}: the step was finished meanwhile; ${LATE}`);
  }
  context.onAdded(factsOf(push), member);
  return outcome;
}
