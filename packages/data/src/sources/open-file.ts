import { open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import { fileDigest } from './file-digest.js';
import { readColumns } from './index-columns.js';
import type { IndexColumns, IndexRows, Span } from './index-columns.js';
import { PICTURES_FILE, RECORDS_FILE } from './record-writer.js';
import type { DatasetRecord } from './record.js';
import { scanJson } from './scan-json.js';
import type { ScanOptions } from './scan-json.js';
import { scanParquet } from './scan-parquet.js';
import { scanTar } from './scan-tar.js';

/** One file of a dataset, open for reading any of its records. */
export interface DatasetFile {
  readonly file: string;
  /** SHA-256 in hex of its content, see `createBlockDigest`. */
  readonly digest: string;
  readonly columns: IndexColumns;
  record(ordinal: number): Promise<DatasetRecord>;
  /** Bytes of the record's picture when the file holds it, else null. */
  picture(ordinal: number): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

type FileKind = 'array' | 'lines' | 'tar' | 'parquet';

const KINDS: Readonly<Record<string, FileKind>> = {
  '.json': 'array',
  '.jsonl': 'lines',
  '.ndjson': 'lines',
  '.tar': 'tar',
  '.parquet': 'parquet',
};

/** Endings of files that hold samples. */
export const DATASET_ENDINGS: readonly string[] = Object.keys(KINDS);

/**
 * Opens a file of samples: finds its records the first time, and from then on reads the index that was kept.
 * @throws {LlavaError} `not-found`, `bad-input` or `corrupt`, naming the file and the place in it
 */
export async function openDatasetFile(file: string, options: ScanOptions): Promise<DatasetFile> {
  const kind = KINDS[path.extname(file).toLowerCase()];
  if (kind === undefined)
    throw new LlavaError('bad-input', `${file}: expected a file that ends in ${DATASET_ENDINGS.join(', ')}`);
  const { digest, folder, rows } = await findIndex(file, kind, options);
  const columns = readColumns(rows);
  const unpacked = kind === 'tar' || kind === 'parquet';
  const records = await open(unpacked ? path.join(folder, RECORDS_FILE) : file);
  const pictures =
    kind === 'tar' ? await open(file) : kind === 'parquet' ? await open(path.join(folder, PICTURES_FILE)) : null;
  const read = async (handle: typeof records, { start, length }: Span): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(buffer, 0, length, start);
    if (bytesRead === length) return buffer;
    throw new LlavaError('mismatch', `${file}: has become shorter while it was in use; start again`);
  };
  return {
    file,
    digest,
    columns,
    async record(ordinal) {
      const place = kind === 'lines' ? `${file}: entry ${ordinal}` : `${file}: sample ${ordinal}`;
      const text = (await read(records, columns.row(ordinal))).toString();
      try {
        return { value: JSON.parse(text), place };
      } catch (cause) {
        const message = (cause as Error).message.replaceAll(/\s+/g, ' ');
        throw new LlavaError('bad-input', `${place}: not JSON: ${message}; is the file whole?`, { cause });
      }
    },
    async picture(ordinal) {
      const span = columns.picture(ordinal);
      return span === null || pictures === null ? null : read(pictures, span);
    },
    async close() {
      await Promise.all([records.close(), pictures?.close()]);
    },
  };
}

async function findIndex(
  file: string,
  kind: FileKind,
  options: ScanOptions,
): Promise<{ digest: string; folder: string; rows: Uint8Array }> {
  const { store } = options;
  const known = await store.knownDigest(file);
  const kept = known === null ? null : await store.find(kind, known);
  if (known !== null && kept !== null) return { digest: known, ...kept };
  const draft = await store.draft();
  try {
    const { digest, rows } = await scan(file, kind, { ...options, draft });
    const bytes = rows.bytes();
    const folder = await store.keep(kind, digest, { folder: draft, rows: bytes });
    await store.remember(file, digest);
    await store.dropPartial(file);
    return { digest, folder, rows: bytes };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function scan(
  file: string,
  kind: FileKind,
  options: ScanOptions & { draft: string },
): Promise<{ digest: string; rows: IndexRows }> {
  if (kind === 'array' || kind === 'lines') return scanJson(file, kind, options);
  const { size } = await stat(file);
  let done = 0;
  const digest = await fileDigest(file, (bytes) => {
    done += bytes;
    options.onProgress?.({ task: `digest ${path.basename(file)}`, done, total: size, unit: 'bytes' });
  });
  const rows =
    kind === 'tar' ? await scanTar(file, options.draft) : await scanParquet(file, options.draft, options.onProgress);
  return { digest, rows };
}
