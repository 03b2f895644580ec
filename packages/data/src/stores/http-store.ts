import { setTimeout as delay } from 'node:timers/promises';
import { LlavaError } from '@llava-ts/telemetry';
import { openKeptDownloads } from './kept-downloads.js';
import type { PictureStore, StoreOptions } from './picture-store.js';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200;
const TIMEOUT_MS = 30_000;

/** Pictures on a web server; `name` is appended to the location, or is an address itself. */
export function openHttpStore(location: string, { cacheDir }: StoreOptions): PictureStore {
  const downloads = openKeptDownloads(cacheDir);
  const base = location.endsWith('/') ? location : `${location}/`;
  return {
    location,
    read(name) {
      const address = new URL(name.split('/').map(encodeURIComponent).join('/'), base).href;
      return downloads.get(address, () => download(address));
    },
    close: async () => undefined,
  };
}

/** Fetches an address; failures that may pass (429, 5xx, timeouts, cut connections) are tried again after 0.2, 0.4 and 0.8 s. */
export async function download(address: string): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    const result = await fetchOnce(address);
    if (result instanceof Uint8Array) return result;
    if (result.code !== 'unavailable' || attempt === ATTEMPTS) throw result;
    await delay(FIRST_PAUSE_MS * 2 ** (attempt - 1));
  }
}

async function fetchOnce(address: string): Promise<Uint8Array | LlavaError> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    const passing = response.status === 429 || response.status >= 500;
    await response.body?.cancel();
    if (passing)
      return new LlavaError('unavailable', `${address}: the server answers ${response.status}; try again later`);
    return new LlavaError(
      'not-found',
      `${address}: the server answers ${response.status}; check the address and the samples' images`,
    );
  } catch (cause) {
    const reason = (cause as { cause?: Error }).cause ?? (cause as Error);
    return new LlavaError('unavailable', `${address}: cannot be fetched (${reason.message}); check the network`, {
      cause,
    });
  }
}
