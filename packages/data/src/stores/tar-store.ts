import { open } from 'node:fs/promises';
import { LlavaError } from '@llava-ts/telemetry';
import type { Span } from '../sources/index-columns.js';
import { tarMembers } from '../sources/tar-members.js';
import type { PictureStore } from './picture-store.js';

/** Pictures inside an uncompressed tar archive; its headers are read once, when it is opened. */
export async function openTarStore(file: string): Promise<PictureStore> {
  const members = new Map<string, Span>();
  for await (const { name, start, length } of tarMembers(file))
    members.set(name.replace(/^\.\//, ''), { start, length });
  const handle = await open(file);
  return {
    location: file,
    async read(name) {
      const span = members.get(name);
      if (span === undefined) throw notInArchive(file, name, members.size);
      const buffer = Buffer.allocUnsafe(span.length);
      await handle.read(buffer, 0, span.length, span.start);
      return buffer;
    },
    close: () => handle.close(),
  };
}

/** The error about a name that an archive does not have. */
export function notInArchive(file: string, name: string, members: number): LlavaError {
  return new LlavaError(
    'not-found',
    `${file}: no picture ${name} among its ${members} files; check the names of the samples' images`,
  );
}
