import type { CoordinatorClient, JoinReplyMessage, JoinRequestInput } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import { fromServiceError } from '../wire/error-table.js';
import { sha256Hex } from '../wire/digest.js';

const JOIN_DEADLINE_MS = 10_000;

/**
 * Joins, once.
 * @throws {LlavaError} as the server said; `corrupt` when its configuration is not the one that its digest names.
 */
export async function joinOnce(
  coordinator: CoordinatorClient,
  request: JoinRequestInput,
  peer: string,
): Promise<JoinReplyMessage> {
  const reply = await new Promise<JoinReplyMessage>((resolve, reject) => {
    coordinator.Join(request, { deadline: Date.now() + JOIN_DEADLINE_MS }, (error, value) => {
      if (error !== null) reject(fromServiceError(error, peer));
      else if (value === undefined) reject(new LlavaError('internal', `${peer}: Join gave neither error nor reply`));
      else resolve(value);
    });
  });
  if (sha256Hex(reply.configJson) !== reply.configDigest) {
    throw new LlavaError('corrupt', `${peer}: the run configuration that came is not the one that its digest names`);
  }
  return reply;
}
