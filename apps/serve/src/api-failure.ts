import type { ServerResponse } from 'node:http';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import type { ErrorCode } from '@llava-ts/telemetry';

/** What OpenAI's clients are told beside the line of an error. */
export interface FailureDetails {
  readonly status: number;
  /** OpenAI's `code`, for programs. */
  readonly code: string | null;
  /** The field that is wrong. */
  readonly param?: string;
  readonly retryAfterS?: number;
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  'bad-input': 400,
  'not-found': 404,
  mismatch: 400,
  corrupt: 400,
  unavailable: 503,
  refused: 403,
  'no-space': 507,
  cancelled: 499,
  internal: 500,
};

/** An error that carries what OpenAI's clients are told. */
export function apiError(code: ErrorCode, message: string, details: FailureDetails): LlavaError {
  return new LlavaError(code, message, { cause: details });
}

/** The details of any thrown value. */
export function failureDetails(error: unknown): FailureDetails {
  if (!(error instanceof LlavaError)) return { status: 500, code: null };
  const { cause } = error;
  if (typeof cause === 'object' && cause !== null && 'status' in cause) return cause as FailureDetails;
  return { status: STATUS[error.code], code: null };
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'service_unavailable_error',
  504: 'timeout_error',
};

/** An error in OpenAI's shape; what a bug of ours says stays here. */
export function failureBody(error: unknown): { error: Record<string, string | null> } {
  const { status, code, param = null } = failureDetails(error);
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  const message = status === 500 ? 'the server failed; its log says why' : errorLine(error);
  return { error: { message, type, param, code } };
}

/** Answers with JSON that is not kept. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

/** Answers with an error; a stream that has begun gets it as its last event. @returns the status */
export function answerFailure(response: ServerResponse, error: unknown): number {
  const { status, retryAfterS } = failureDetails(error);
  if (response.headersSent) response.end(`data: ${JSON.stringify(failureBody(error))}\n\n`);
  else {
    if (retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    if (status === 413) response.setHeader('connection', 'close');
    answerJson(response, failureBody(error), status);
  }
  return status;
}
