import { status, type ServiceError } from '@grpc/grpc-js';
import type { PullRequestInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { fromServiceError } from '../wire/error-table.js';
import type { PullPart } from '../wire/parts.js';
import type { ParametersChannel } from './channels.js';
import { createPullAssembly, type PayloadMemory, type Pulled } from './pull-assembly.js';

/** How a single call is bounded. */
export interface CallBounds {
  readonly peer: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Memory for what is pulled; fresh when absent. */
  readonly memory?: PayloadMemory;
}

/**
 * Pulls one shard's parameters, once.
 * @throws {LlavaError} as the server said, `corrupt` when the stream does not add up, `cancelled` by the signal.
 */
export function pullShard(channel: ParametersChannel, request: PullRequestInput, bounds: CallBounds): Promise<Pulled> {
  const { peer, deadlineMs, signal, memory = ({ size }) => new Float32Array(size) } = bounds;
  return new Promise((resolve, reject) => {
    const call = channel.Pull(request, { deadline: Date.now() + deadlineMs });
    const assembly = createPullAssembly(`pull from ${peer}`, 'crc32', memory);
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
