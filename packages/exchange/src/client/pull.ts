import { status, type ServiceError } from '@grpc/grpc-js';
import type { PullRequestInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { fromServiceError } from '../wire/error-table.js';
import { layOut, splitPayload, type Layout } from '../wire/layout.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import type { PullPart } from '../wire/parts.js';
import { createPayloadReceiver, type PayloadReceiver } from '../wire/payload-receiver.js';
import type { ParametersChannel } from './channels.js';

/** What a shard sent. */
export interface Pulled {
  /** The tensors that changed, and their values. */
  readonly values: Map<string, Float32Array>;
  /** What a push to this shard holds in this stage. */
  readonly pushLayout: Layout;
}

/** How a single call is bounded. */
export interface CallBounds {
  readonly peer: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pulls one shard's parameters, once.
 * @throws {LlavaError} as the server said, `corrupt` when the stream does not add up, `cancelled` by the signal.
 */
export function pullShard(channel: ParametersChannel, request: PullRequestInput, bounds: CallBounds): Promise<Pulled> {
  const { peer, deadlineMs, signal } = bounds;
  return new Promise((resolve, reject) => {
    const call = channel.Pull(request, { deadline: Date.now() + deadlineMs });
    const assembly = createAssembly(peer);
    const cancel = (): void => call.cancel();
    const fail = (error: unknown): void => {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    if (signal?.aborted === true) return fail(new LlavaError('cancelled', `pull from ${peer}: cancelled`));
    signal?.addEventListener('abort', cancel, { once: true });
    call.on('data', (part: PullPart) => {
      try {
        assembly.take(part);
      } catch (error) {
        fail(error);
      }
    });
    call.on('error', (error: ServiceError) => {
      fail(
        signal?.aborted === true
          ? new LlavaError('cancelled', `pull from ${peer}: cancelled`)
          : fromServiceError(error, peer),
      );
    });
    call.on('end', () => {
      signal?.removeEventListener('abort', cancel);
      // When the call failed, 'error' follows 'end' and this has no effect on what is known to be incomplete.
      const pulled = assembly.result();
      if (pulled !== null) resolve(pulled);
    });
    call.on('status', (final) => {
      if (final.code === status.OK && assembly.result() === null)
        fail(new LlavaError('corrupt', `pull from ${peer}: the stream ended before its end message`));
    });
  });
}

/** Header, chunks, end, in this order and nothing else. */
function createAssembly(peer: string): { take: (part: PullPart) => void; result: () => Pulled | null } {
  const what = `pull from ${peer}`;
  let open: { layout: Layout; pushLayout: Layout; receiver: PayloadReceiver } | null = null;
  let finished: Pulled | null = null;
  const misplaced = (part: string): LlavaError => new LlavaError('corrupt', `${what}: ${part} out of place`);
  return {
    result: () => finished,
    take(part) {
      if (finished !== null) throw misplaced(part.part);
      switch (part.part) {
        case 'header': {
          if (open !== null) throw misplaced('header');
          const { tensors, layoutDigest } = part.header;
          const layout = layOut(tensors.filter(({ unchanged }) => !unchanged));
          const pushLayout = { ...layOut(tensors.filter(({ learns }) => learns)), digest: layoutDigest };
          open = {
            layout,
            pushLayout,
            receiver: createPayloadReceiver(new Float32Array(layout.size), { maxChunkBytes: MAX_CHUNK_BYTES, what }),
          };
          return;
        }
        case 'chunk':
          if (open === null) throw misplaced('chunk');
          open.receiver.take(part.chunk);
          return;
        case 'end':
          if (open === null) throw misplaced('end');
          open.receiver.finish(part.end);
          finished = { values: splitPayload(open.layout, open.receiver.payload), pushLayout: open.pushLayout };
          return;
        case 'malformed':
          throw new LlavaError('corrupt', `${what}: ${part.reason}`);
      }
    },
  };
}
