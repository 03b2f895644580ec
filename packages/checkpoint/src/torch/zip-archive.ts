import { stat } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';
import { openPromise } from 'yauzl';

import { quoteName } from '../tensor.js';

/** A stored entry of a zip file: its bytes stand in the file as they are. */
export interface ArchiveEntry {
  /** First byte, counted from the start of the file. */
  readonly begin: number;
  readonly bytes: number;
}

/** The entries of a file of `torch.save`, by their name under the one folder that it has. */
export interface Archive {
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
}

/** Compression methods of zip: 0 is none. */
const STORED = 0;

/**
 * Lists a zip file of `torch.save`; zip64 too. Entries must be stored without compression, as PyTorch writes them, so that
 * nothing can be larger than the file.
 * @throws LlavaError `corrupt` for a damaged zip file, `refused` for one that is compressed or encrypted
 */
export async function listArchive(file: string): Promise<Archive> {
  const { size: fileBytes } = await stat(file);
  const zip = await openPromise(file, { autoClose: false }).catch((error: unknown) => {
    throw damaged(file, error);
  });
  const entries = new Map<string, ArchiveEntry>();
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName.replace(/^[^/]*\//, '');
      const where = `${file}: entry ${quoteName(entry.fileName)}`;
      if (entry.compressionMethod !== STORED || entry.isEncrypted())
        throw new LlavaError('refused', `${where} is compressed or encrypted; expected a file as torch.save writes it`);
      if (entries.has(name)) throw new LlavaError('corrupt', `${where} stands twice in the archive`);
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      if (fileDataStart + entry.uncompressedSize > fileBytes)
        throw new LlavaError('corrupt', `${where} ends behind the end of the file; it is cut off`);
      entries.set(name, { begin: fileDataStart, bytes: entry.uncompressedSize });
    }
  } catch (error) {
    throw error instanceof LlavaError ? error : damaged(file, error);
  } finally {
    zip.close();
  }
  return { entries };
}

function damaged(file: string, error: unknown): LlavaError {
  const reason = error instanceof Error ? error.message : String(error);
  return new LlavaError('corrupt', `${file}: the zip file is damaged or cut off (${reason}); fetch it again`, {
    cause: error,
  });
}
