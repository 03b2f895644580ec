import type { handleUnaryCall } from '@grpc/grpc-js';
import type { ControlHandlers, ControlReplyInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { toStatus } from '../wire/error-table.js';
import { oneLine } from './checks.js';

/** What can be done to a run; each answers with what was done. */
export interface RunControl {
  readonly runId: string;
  pause(): string;
  resume(): string;
  snapshot(): Promise<string>;
  stop(reason: string): string;
}

/** The Control service. */
export function controlHandlers(control: RunControl): ControlHandlers {
  const handler =
    <Request extends { runId: string }>(
      act: (request: Request) => string | Promise<string>,
    ): handleUnaryCall<Request, ControlReplyInput> =>
    (call, callback) => {
      answer(control.runId, call.request, act).then(
        (message) => callback(null, { message }),
        (error: unknown) => callback(toStatus(error)),
      );
    };
  return {
    Pause: handler(() => control.pause()),
    Resume: handler(() => control.resume()),
    Snapshot: handler(() => control.snapshot()),
    Stop: handler(({ reason }) => control.stop(oneLine(reason))),
  };
}

async function answer<Request extends { runId: string }>(
  runId: string,
  request: Request,
  act: (request: Request) => string | Promise<string>,
): Promise<string> {
  if (request.runId !== '' && request.runId !== runId)
    throw new LlavaError('mismatch', `run: this is '${runId}', not '${oneLine(request.runId)}'`);
  return act(request);
}
