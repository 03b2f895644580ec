import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Bytes from elsewhere, kept on disk by address, so that each is fetched once. */
export interface KeptDownloads {
  get(address: string, fetchBytes: () => Promise<Uint8Array>): Promise<Uint8Array>;
}

/** Opens the kept downloads under a cache folder. They are written beside and renamed: many processes may share them. */
export function openKeptDownloads(cacheDir: string): KeptDownloads {
  const pending = new Map<string, Promise<Uint8Array>>();
  async function fetchAndKeep(file: string, fetchBytes: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const bytes = await fetchBytes();
    await mkdir(path.dirname(file), { recursive: true });
    const partial = `${file}.${process.pid}-${randomUUID()}`;
    await writeFile(partial, bytes);
    await rename(partial, file);
    return bytes;
  }
  return {
    async get(address, fetchBytes) {
      const name = createHash('sha256').update(address).digest('hex');
      const file = path.join(cacheDir, 'downloads', name.slice(0, 2), name);
      const kept = await readFile(file).catch(() => null);
      if (kept !== null) return kept;
      const running = pending.get(file) ?? fetchAndKeep(file, fetchBytes).finally(() => pending.delete(file));
      pending.set(file, running);
      return running;
    },
  };
}
