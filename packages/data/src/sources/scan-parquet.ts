import path from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import type { IndexRows } from './index-columns.js';
import { createRecordWriter } from './record-writer.js';
import { captionRecord } from './scan-tar.js';

/** Rows that are decoded at once: pictures of a few hundred kilobytes each. */
const ROWS_AT_ONCE = 64;
const CAPTIONS = ['caption', 'text'];

/**
 * Unpacks a Parquet file into an index's folder: it is laid out for columns, and a single row would cost a whole row group each time.
 * Columns: `conversations` or `messages` (or a `caption`), `image` or `images` with the bytes inside (Hugging Face's `{bytes, path}`, or plain
 * bytes) or a path, `id`.
 * @throws {LlavaError} `bad-input` naming file and columns
 */
export async function scanParquet(file: string, folder: string, onProgress?: ProgressListener): Promise<IndexRows> {
  const source = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(source).catch((cause: unknown) => {
    throw new LlavaError(
      'corrupt',
      `${file}: no Parquet file, or cut short (${(cause as Error).message}); copy or download it again`,
      { cause },
    );
  });
  const columns = metadata.schema.map(({ name }) => name);
  if (!['conversations', 'messages', ...CAPTIONS].some((name) => columns.includes(name)))
    throw new LlavaError(
      'bad-input',
      `${file}: expected a column conversations, messages, caption or text, got ${columns.slice(1).join(', ')}`,
    );
  const total = Number(metadata.num_rows);
  const writer = createRecordWriter(folder);
  for (let first = 0; first < total; first += ROWS_AT_ONCE) {
    const end = Math.min(total, first + ROWS_AT_ONCE);
    // utf8: false, or bytes without a type would be decoded as text
    const rows = await parquetReadObjects({
      file: source,
      metadata,
      compressors,
      rowStart: first,
      rowEnd: end,
      utf8: false,
    });
    for (const [offset, row] of rows.entries()) {
      const { record, bytes } = toRecord(row, `${file}: row ${first + offset}`);
      await writer.add(record, bytes);
    }
    onProgress?.({ task: `unpack ${path.basename(file)}`, done: end, total, unit: 'rows' });
  }
  await writer.end();
  return writer.rows;
}

function toRecord(row: Record<string, unknown>, place: string): { record: object; bytes: Uint8Array | null } {
  const { image, images, ...rest } = row;
  const id = (plain(rest['id']) as string | number | undefined) ?? place.split(' ').at(-1);
  const listed = Array.isArray(images) ? (images as unknown[]) : image === undefined || image === null ? [] : [image];
  const pictures = listed.map((entry, at) => pictureOf(entry, `${String(id)}-${at}`));
  if (pictures.filter(({ bytes }) => bytes !== null).length > 1)
    throw new LlavaError('bad-input', `${place}: has ${pictures.length} pictures; one per sample is read from Parquet`);
  const [picture] = pictures;
  const named = pictures.length > 1 ? pictures.map(({ name }) => name) : picture?.name;
  const caption = CAPTIONS.map((name) => rest[name]).find((value) => value !== undefined);
  const fields = plain(rest) as Record<string, unknown>;
  const record =
    'conversations' in fields || 'messages' in fields
      ? { ...fields, id, ...(named !== undefined && { image: named }) }
      : captionRecord(id, picture?.name, String(plain(caption)));
  return { record, bytes: picture?.bytes ?? null };
}

function pictureOf(entry: unknown, fallback: string): { name: string; bytes: Uint8Array | null } {
  if (entry instanceof Uint8Array) return { name: fallback, bytes: entry };
  if (typeof entry === 'object' && entry !== null) {
    const { bytes, path: name } = entry as { bytes?: unknown; path?: unknown };
    const text = plain(name);
    return {
      name: typeof text === 'string' && text !== '' ? text : fallback,
      bytes: bytes instanceof Uint8Array ? bytes : null,
    };
  }
  return { name: String(entry), bytes: null };
}

/** Parquet's values as JSON has them: text that came as bytes is decoded, 64-bit numbers become numbers. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}
