import { apiError } from '../api-failure.js';

/** Where pictures may come from. */
export interface PictureLimits {
  /** Whether the server fetches http(s) addresses: then callers can make it reach whatever it can reach. */
  readonly allowHttpImages: boolean;
  readonly maxBytes: number;
}

const FETCH_LIMIT_MS = 10_000;

/** The bytes of a picture. @throws LlavaError `bad-input` that says what is taken */
export async function readPicture(url: string, limits: PictureLimits): Promise<Uint8Array> {
  if (url.startsWith('data:')) return readDataUrl(url);
  if (!/^https?:\/\//.test(url)) throw refusal('expected a data: address');
  if (!limits.allowHttpImages)
    throw refusal('http(s) addresses are not fetched here; send the picture as a data: address');
  return fetchPicture(url, limits.maxBytes);
}

function readDataUrl(url: string): Uint8Array {
  const [, data] = /^data:image\/[\w.+-]+;base64,([A-Za-z0-9+/=\s]+)$/.exec(url) ?? [];
  if (data === undefined) throw refusal('expected data:image/...;base64,...');
  return Buffer.from(data, 'base64');
}

async function fetchPicture(url: string, maxBytes: number): Promise<Uint8Array> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_LIMIT_MS) }).catch(() => {
    throw refusal('the address does not answer; redirects are not followed');
  });
  if (!response.ok || response.body === null) throw refusal(`the address answered ${response.status}`);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > maxBytes) throw refusal(`the picture is larger than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function refusal(what: string): Error {
  return apiError('bad-input', `image_url: ${what}`, { status: 400, code: 'invalid_image_url', param: 'messages' });
}
