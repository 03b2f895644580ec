import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import type { PictureStore } from './picture-store.js';

/** Pictures as files under a folder. */
export function openFolderStore(folder: string): PictureStore {
  return {
    location: folder,
    async read(name) {
      const file = path.join(folder, name);
      try {
        return await readFile(file);
      } catch (cause) {
        const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR')
          throw new LlavaError('not-found', `${file}: no such picture; check the path and the image folder`, { cause });
        throw new LlavaError('bad-input', `${file}: cannot be read (${code}); expected a picture file`, { cause });
      }
    },
    close: async () => undefined,
  };
}
