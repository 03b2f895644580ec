import type { Entry } from '@llava-ts/exchange';

/**
 * Reads what a server asks of those who enter.
 * @throws LlavaError `not-found` or `bad-input` naming the file
 */
export async function readEntry(tlsDir: string | undefined, tokenFile: string | undefined): Promise<Entry> {
  if (tlsDir === undefined && tokenFile === undefined) return { tls: null, token: null };
  const { readTlsFolder, readTokenFile } = await import('@llava-ts/exchange');
  return {
    tls: tlsDir === undefined ? null : await readTlsFolder(tlsDir),
    token: tokenFile === undefined ? null : await readTokenFile(tokenFile),
  };
}
