import type { ServerReadableStream } from '@grpc/grpc-js';
import type { PushReplyInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { PushOutcome } from '@llava-ts/trainer';
import type { PushPart } from '../wire/parts.js';
import { createPushIntake, type PushContext } from './push-intake.js';

/** A stream of parts from a worker. */
export type PushCall = Pick<ServerReadableStream<PushPart, PushReplyInput>, 'on'>;

/** Takes one push from a gRPC stream. `answer` is called once. */
export function takePush(
  context: PushContext,
  call: PushCall,
  answer: (error: unknown, outcome: PushOutcome | null) => void,
): void {
  const intake = createPushIntake(context, 'crc32', answer);
  call.on('data', intake.take);
  // A client that was killed also shows 'end', before 'cancelled': without its commit a push is nothing.
  call.on('end', () => intake.fail(new LlavaError('corrupt', 'push: ended before its commit; send it again')));
  call.on('cancelled', () => intake.fail(new LlavaError('cancelled', 'push: cancelled')));
}
