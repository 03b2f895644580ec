import type { sendUnaryData, ServerReadableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { PushReplyInput } from '@llava-ts/protos';
import { toStatus } from '../wire/error-table.js';
import type { PushPart } from '../wire/parts.js';
import { servePull, type PullCall, type PullContext } from './pull-handler.js';
import { takePush } from './push-handler.js';
import type { PushContext } from './push-intake.js';

/** The Parameters service of one shard. */
export function parametersHandlers(pull: PullContext, push: PushContext): UntypedServiceImplementation {
  return {
    Pull(call: PullCall) {
      servePull(pull, call).catch((error: unknown) => call.emit('error', toStatus(error)));
    },
    Push(call: ServerReadableStream<PushPart, PushReplyInput>, callback: sendUnaryData<PushReplyInput>) {
      takePush(push, call, (error, outcome) => {
        if (outcome === null) callback(toStatus(error));
        else callback(null, { outcome: outcome === 'duplicate' ? 'OUTCOME_DUPLICATE' : 'OUTCOME_ACCEPTED' });
      });
    },
  };
}
