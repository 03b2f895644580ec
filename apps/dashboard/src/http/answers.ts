import type { IncomingMessage, ServerResponse } from 'node:http';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import type { ErrorCode } from '@llava-ts/telemetry';

/** What every answer carries: nothing from elsewhere runs, frames, or is guessed at. */
export const SAFE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

const STATUS: Readonly<Record<ErrorCode, number>> = {
  'bad-input': 400,
  'not-found': 404,
  mismatch: 409,
  corrupt: 500,
  unavailable: 503,
  refused: 403,
  'no-space': 507,
  cancelled: 499,
  internal: 500,
};

/** Answers with JSON that is not kept. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { ...SAFE_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

/** Answers with the one line of an error. */
export function answerError(response: ServerResponse, error: unknown): void {
  const status = error instanceof LlavaError ? STATUS[error.code] : 500;
  if (response.headersSent) response.destroy();
  else answerJson(response, { error: errorLine(error) }, status);
}

/**
 * Reads a small JSON body.
 * @throws LlavaError `bad-input` when it is large or no object
 */
export async function readBody(request: IncomingMessage, mostBytes = 4096): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) throw new LlavaError('bad-input', `body: more than ${mostBytes} bytes`);
    parts.push(part);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // said below
  }
  throw new LlavaError('bad-input', 'body: expected a JSON object');
}
