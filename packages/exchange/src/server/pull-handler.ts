import type { ServerWritableStream } from '@grpc/grpc-js';
import type { PullPartInput, PullRequestMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { Outgoing } from '../wire/parts.js';
import { sendPayload } from '../wire/payload-sender.js';
import { checkMember, type RunIdentity } from './checks.js';
import type { Coordinator } from './coordinator.js';
import type { ServedParameters, ServedTensor } from './served-parameters.js';

/** What serving pulls needs. */
export interface PullContext {
  readonly identity: RunIdentity;
  readonly coordinator: Coordinator;
  readonly parameters: ServedParameters;
  readonly chunkBytes: number;
  readonly onBytes: (bytes: number) => void;
}

/** A stream of parts to a worker. */
export type PullCall = ServerWritableStream<PullRequestMessage, Outgoing<PullPartInput>>;

/**
 * Serves one pull: header, chunks, end.
 * @throws {LlavaError} `refused` when the version is not, or no longer, the current one.
 */
export async function servePull(context: PullContext, call: PullCall): Promise<void> {
  const { identity, coordinator, parameters, chunkBytes, onBytes } = context;
  const { member, stage, version, haveVersion, encoding } = call.request;
  coordinator.members.require(checkMember(identity, member));
  if (encoding !== 'ENCODING_FLOAT32')
    throw new LlavaError('bad-input', `pull: encoding ${encoding}; expected ENCODING_FLOAT32`);
  const check = (): void => {
    const now = parameters.current();
    if (now.stage === stage && now.version === version) return;
    const wanted = `version ${version} of stage ${stage}`;
    throw new LlavaError(
      'refused',
      `pull: there is only version ${now.version} of stage ${now.stage}, not ${wanted}; ask for the next assignment`,
    );
  };
  check();
  // A worker that has any version of this stage has the tensors that do not learn in it.
  const unchanged = ({ learns }: ServedTensor): boolean =>
    haveVersion !== undefined && (haveVersion === version || !learns);
  const served = parameters.tensors();
  const tensors = served.map((tensor) => ({
    name: tensor.name,
    shape: [...tensor.shape],
    learns: tensor.learns,
    unchanged: unchanged(tensor),
  }));
  call.write({ header: { stage, version, encoding, tensors, layoutDigest: parameters.pushLayout().digest } });
  const arrays = served.filter((tensor) => !unchanged(tensor)).map(({ values }) => values);
  const end = await sendPayload(call, arrays, { chunkBytes, check, ended: () => call.cancelled || call.destroyed });
  if (end === null) return;
  onBytes(end.bytes);
  call.write({ end });
  call.end();
}
