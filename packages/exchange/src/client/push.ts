import type { PushHeaderInput, PushReplyMessage } from '@llava-ts/protos';
import { LlavaError, reach } from '@llava-ts/telemetry';
import type { PushOutcome } from '@llava-ts/trainer';
import { createDeferred } from '../deferred.js';
import { fromServiceError } from '../wire/error-table.js';
import { sendPayload, type WireArray } from '../wire/payload-sender.js';
import { throwIfCancelled } from './backoff.js';
import type { ParametersChannel } from './channels.js';
import type { CallBounds } from './pull.js';

/** One push to one shard: who and what, the arrays in the layout's order, and the size of its chunks. */
export interface ShardPush {
  readonly header: PushHeaderInput;
  readonly arrays: readonly WireArray[];
  readonly chunkBytes: number;
}

/**
 * Pushes to one shard, once. Sending it again is safe.
 * @returns `stale` when the server refuses the lease
 * @throws {LlavaError} other refusals as the server said, `unavailable` when no answer came, `cancelled` by the signal.
 */
export async function pushShard(channel: ParametersChannel, push: ShardPush, bounds: CallBounds): Promise<PushOutcome> {
  const { peer, deadlineMs, signal } = bounds;
  const what = `push to ${peer}`;
  throwIfCancelled(signal, what);
  const answer = createDeferred<PushOutcome>();
  let answered = false;
  const call = channel.Push({ deadline: Date.now() + deadlineMs }, (error, reply) => {
    answered = true;
    if (error !== null) answer.reject(fromServiceError(error, peer));
    else answer.resolve(outcomeOf(reply));
  });
  // A write after the server's answer fails; the answer is what counts.
  call.on('error', () => {});
  const cancel = (): void => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    call.write({ header: push.header });
    const commit = await sendPayload(call, push.arrays, {
      chunkBytes: push.chunkBytes,
      check() {
        throwIfCancelled(signal, what);
        reach('push.chunk');
      },
      ended: () => answered,
    });
    if (commit !== null) {
      call.write({ commit });
      call.end();
      reach('push.sent');
    }
    return await answer.promise;
  } catch (error) {
    call.cancel();
    throwIfCancelled(signal, what);
    if (error instanceof LlavaError && error.code === 'refused') return 'stale';
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function outcomeOf(reply: PushReplyMessage | undefined): PushOutcome {
  return reply?.outcome === 'OUTCOME_DUPLICATE' ? 'duplicate' : 'accepted';
}
