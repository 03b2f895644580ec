import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { IndexRows } from './index-columns.js';
import type { Span } from './index-columns.js';
import { recordFacts } from './record.js';

/** Name of the file of records in an index's folder, for formats whose records are not JSON text themselves. */
export const RECORDS_FILE = 'records.jsonl';
/** Name of the file of pictures in an index's folder, for formats whose pictures are not whole in the source. */
export const PICTURES_FILE = 'pictures.bin';

/** Writes records of a format that is no JSON text into an index's folder, once, so that each can be read by itself later. */
export interface RecordWriter {
  readonly rows: IndexRows;
  /** @param picture where it stands in the source, or its bytes */
  add(value: object, picture: Span | Uint8Array | null): Promise<void>;
  end(): Promise<void>;
}

/** Begins the files of an index. */
export function createRecordWriter(folder: string): RecordWriter {
  const rows = new IndexRows();
  const records = createWriter(path.join(folder, RECORDS_FILE));
  const pictures = createWriter(path.join(folder, PICTURES_FILE));
  return {
    rows,
    async add(value, picture) {
      const text = JSON.stringify(value);
      const bytes = Buffer.from(`${text}\n`);
      const span = picture instanceof Uint8Array ? await pictures.write(picture) : picture;
      const { start } = await records.write(bytes);
      rows.add({ start, length: bytes.length - 1, ...recordFacts(text) }, span);
    },
    async end() {
      await Promise.all([records.end(), pictures.end()]);
    },
  };
}

function createWriter(file: string): { write(bytes: Uint8Array): Promise<Span>; end(): Promise<void> } {
  const stream = createWriteStream(file);
  let at = 0;
  const failed = once(stream, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined); // it is reported by the write that waits for it
  return {
    async write(bytes) {
      const start = at;
      at += bytes.length;
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), failed]);
      return { start, length: bytes.length };
    },
    async end() {
      await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), failed]);
    },
  };
}
