import type { ServerWritableStream } from '@grpc/grpc-js';
import type { PullHeaderInput, PullPartInput, PullRequestMessage } from '@llava-ts/protos';
import { LlavaError } from '@llava-ts/telemetry';
import type { Outgoing } from '../wire/parts.js';
import { sendPayload } from '../wire/payload-sender.js';
import { checkMember, type RunIdentity } from './checks.js';
import type { Admission } from './admission.js';
import type { ServedParameters, ServedTensor } from './served-parameters.js';

/** What serving pulls needs. */
export interface PullContext {
  readonly identity: RunIdentity;
  readonly coordinator: Admission;
  readonly parameters: ServedParameters;
  readonly chunkBytes: number;
  readonly onBytes: (bytes: number) => void;
}

/** A stream of parts to a worker. */
export type PullCall = ServerWritableStream<PullRequestMessage, Outgoing<PullPartInput>>;

/** What a pull is answered with. */
export interface PreparedPull {
  readonly header: PullHeaderInput;
  /** The payload, not copied. */
  readonly arrays: readonly Float32Array[];
  /** @throws {LlavaError} `refused` when the version is not the current one any more: what was sent is worth nothing then. */
  readonly check: () => void;
}

/**
 * Checks a pull and lays out its answer.
 * @throws {LlavaError} `refused` when the version is not the current one; as `checkMember` says; `bad-input` for an encoding that is not served.
 */
export function preparePull(context: PullContext, request: PullRequestMessage): PreparedPull {
  const { identity, coordinator, parameters } = context;
  const { member, stage, version, haveVersion, encoding } = request;
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
    firstRow: tensor.firstRow,
    learns: tensor.learns,
    unchanged: unchanged(tensor),
  }));
  const header = { stage, version, encoding, tensors, layoutDigest: parameters.pushLayout().digest };
  return { header, check, arrays: served.filter((tensor) => !unchanged(tensor)).map(({ values }) => values) };
}

/**
 * Serves one pull over gRPC: header, chunks, end.
 * @throws {LlavaError} as `preparePull` says, also in the middle.
 */
export async function servePull(context: PullContext, call: PullCall): Promise<void> {
  const { header, arrays, check } = preparePull(context, call.request);
  const { chunkBytes, onBytes } = context;
  call.write({ header });
  const end = await sendPayload(call, arrays, { chunkBytes, check, ended: () => call.cancelled || call.destroyed });
  if (end === null) return;
  onBytes(end.bytes);
  call.write({ end });
  call.end();
}
