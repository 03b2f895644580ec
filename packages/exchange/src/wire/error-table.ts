import { status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { LlavaError, errorLine, type ErrorCode } from '@llava-ts/telemetry';

/** The one table between our errors and gRPC's: what a server answers with. */
export const STATUS_OF_CODE: Readonly<Record<ErrorCode, status>> = {
  'bad-input': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  mismatch: status.FAILED_PRECONDITION,
  corrupt: status.DATA_LOSS,
  unavailable: status.UNAVAILABLE,
  refused: status.ABORTED,
  'no-space': status.RESOURCE_EXHAUSTED,
  cancelled: status.CANCELLED,
  internal: status.INTERNAL,
};

/** Statuses that our servers do not send on purpose, but gRPC itself or a proxy does. */
const FOREIGN_STATUSES: readonly (readonly [status, ErrorCode])[] = [
  [status.DEADLINE_EXCEEDED, 'unavailable'],
  [status.ALREADY_EXISTS, 'refused'],
  // Final: asking again with the same certificate and token changes nothing.
  [status.PERMISSION_DENIED, 'mismatch'],
  [status.UNAUTHENTICATED, 'mismatch'],
  [status.OUT_OF_RANGE, 'bad-input'],
  [status.UNIMPLEMENTED, 'mismatch'],
];

const CODE_OF_STATUS = new Map<status, ErrorCode>([
  ...FOREIGN_STATUSES,
  ...Object.entries(STATUS_OF_CODE).map(([code, value]) => [value, code as ErrorCode] as const),
]);

/** What a server ends a call with when handling it threw: the table's status and the error's one line. */
export function toStatus(error: unknown): Pick<StatusObject, 'code' | 'details'> {
  const code = error instanceof LlavaError ? STATUS_OF_CODE[error.code] : status.INTERNAL;
  return { code, details: errorLine(error) };
}

/** The LlavaError for a failed call: code by the table, message as the server wrote it, with the peer in front. */
export function fromServiceError(error: Pick<ServiceError, 'code' | 'details'>, peer: string): LlavaError {
  const code = isConnectionLoss(error) ? 'unavailable' : (CODE_OF_STATUS.get(error.code) ?? 'internal');
  const details = error.details === '' ? 'no details' : error.details;
  return new LlavaError(code, `${peer}: ${details} (${status[error.code]})`, { cause: error });
}

/** The LlavaError for a status code that came as a number in a message. */
export function fromStatusCode(code: number, message: string): LlavaError {
  const known = [...CODE_OF_STATUS].find(([value]) => String(value) === String(code));
  return new LlavaError(known?.[1] ?? 'internal', message);
}

/** grpc-js reports a peer that was killed in the middle of a stream as a reset with one of several statuses. */
function isConnectionLoss(error: Pick<ServiceError, 'code' | 'details'>): boolean {
  return error.details.includes('RST_STREAM') || error.details.startsWith('Connection dropped');
}

/** The same for a status whose number came in a message. */
export function fromStatus(code: number, details: string, peer: string): LlavaError {
  const known = [...CODE_OF_STATUS.keys()].find((value) => (value as number) === code);
  return fromServiceError({ code: known ?? status.INTERNAL, details }, peer);
}
