import type { FileHandle } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';

/** Largest single read: Node refuses more than 2 GiB at once. */
const READ_BYTES = 256 * 1024 * 1024;

/** Fills a buffer from a position of a file. @throws LlavaError `corrupt` when the file ends before, naming `file` */
export async function readFully(handle: FileHandle, target: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < target.byteLength;) {
    const length = Math.min(READ_BYTES, target.byteLength - done);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0)
      throw new LlavaError('corrupt', `${file}: ended while it was read; it is being changed or cut off`);
    done += bytesRead;
  }
}
