import type { IncomingMessage } from 'node:http';
import { apiError } from '../api-failure.js';

/** A body this many times too large is still read to its end, unkept, so that its sender gets to read the answer. */
const PATIENCE = 4;

/**
 * Reads a JSON body.
 * @throws LlavaError `bad-input` with status 413 when it is too large, 400 when it is no JSON
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = apiError('bad-input', `body: at most ${maxBytes} bytes are taken; send smaller pictures`, {
    status: 413,
    code: 'request_too_large',
  });
  if (Number(request.headers['content-length'] ?? 0) > PATIENCE * maxBytes) throw tooLarge;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= maxBytes) parts.push(part);
    if (size > PATIENCE * maxBytes) break;
  }
  if (size > maxBytes) throw tooLarge;
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    throw apiError('bad-input', 'body: expected JSON', { status: 400, code: 'invalid_json' });
  }
}
