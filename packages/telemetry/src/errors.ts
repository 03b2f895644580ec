/**
 * What kind of failure an error is. Closed list: every surface (exit status, gRPC status, HTTP status) maps from it.
 *
 * - `bad-input`: a file, flag, message or setting that is wrong; the person who gave it can mend it.
 * - `not-found`: a file, preset, run or peer that is not there.
 * - `mismatch`: two things that had to agree do not (shapes, digests, versions).
 * - `corrupt`: stored bytes that are not what was written.
 * - `unavailable`: something outside (network, peer, runtime) that may be there later.
 * - `refused`: a request that is understood and not allowed (stale, foreign, unauthorised).
 * - `no-space`: disk or memory is full.
 * - `cancelled`: a person or a signal stopped it.
 * - `internal`: a bug of ours.
 */
export type ErrorCode =
  | 'bad-input'
  | 'not-found'
  | 'mismatch'
  | 'corrupt'
  | 'unavailable'
  | 'refused'
  | 'no-space'
  | 'cancelled'
  | 'internal';

/** The one error class: a code for machines, one line for people (place, expectation, what came, remedy). */
export class LlavaError extends Error {
  override readonly name = 'LlavaError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const EXIT_STATUS: Record<ErrorCode, number> = {
  'bad-input': 2,
  'not-found': 1,
  mismatch: 1,
  corrupt: 1,
  unavailable: 1,
  refused: 1,
  'no-space': 1,
  cancelled: 130,
  internal: 70,
};

/** The exit status of a process that ends with this error: 2 misuse, 1 expected failure, 130 cancelled, 70 bug. */
export function exitStatus(error: unknown): number {
  return error instanceof LlavaError ? EXIT_STATUS[error.code] : EXIT_STATUS.internal;
}

/** The one line a person sees for any thrown value. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s*\n\s*/g, ' ');
}
