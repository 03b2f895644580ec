import { stat } from 'node:fs/promises';
import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import { createBlockDigest, readChunks } from './file-digest.js';
import { IndexRows } from './index-columns.js';
import type { IndexStore } from './index-store.js';
import { createArraySplitter, createLineSplitter } from './json-splitter.js';
import type { Splitter, SplitterState } from './json-splitter.js';
import { recordFacts } from './record.js';

interface ScanState {
  readonly blocks: readonly string[];
  readonly splitter: SplitterState;
}

/** What a scan may use, and how it tells how far it is. */
export interface ScanOptions {
  readonly store: IndexStore;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/**
 * Finds all records of a JSON array or of JSON lines in one pass, in a few megabytes of memory besides the rows. Every 64 MiB what was
 * found is put aside, and a scan that was stopped goes on from there.
 * @throws {LlavaError} `bad-input` naming file and byte when the file is no array or ends too early; `cancelled`
 */
export async function scanJson(
  file: string,
  kind: 'array' | 'lines',
  { store, onProgress, signal }: ScanOptions,
): Promise<{ digest: string; rows: IndexRows }> {
  const { size } = await stat(file);
  const partial = await store.readPartial(file);
  const known = partial?.state as ScanState | undefined;
  const rows = partial === null ? new IndexRows() : IndexRows.from(partial.rows);
  const digest = createBlockDigest(known?.blocks);
  const splitter = (kind === 'array' ? createArraySplitter : createLineSplitter)(known?.splitter);
  const take = collector(splitter, rows);
  try {
    // The record that was cut by the stop is read again; its beginning was hashed already.
    const carried = known?.splitter.start ?? -1;
    if (known !== undefined && carried >= 0) await take.carry(file, carried, known.splitter.at);
    for await (const chunk of readChunks(file, splitter.state.at)) {
      if (signal?.aborted)
        throw new LlavaError('cancelled', `${file}: the scan was stopped; the next one goes on from here`);
      digest.take(chunk);
      take.chunk(chunk);
      onProgress?.({ task: `index ${path.basename(file)}`, done: splitter.state.at, total: size, unit: 'bytes' });
      if (digest.atBoundary())
        await store.writePartial(file, {
          state: { blocks: digest.blocks, splitter: splitter.state },
          rows: rows.bytes(),
        });
    }
    take.end();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new LlavaError('bad-input', `${file}: not JSON: ${cause.message}`, { cause });
  }
  return { digest: digest.end(), rows };
}

/** Puts the pieces of records together that chunks cut, and adds a row for each. */
function collector(splitter: Splitter, rows: IndexRows) {
  let pieces: Uint8Array[] = []; // of the record that has begun
  let chunk: Uint8Array = new Uint8Array();
  let base = 0;
  const found = (start: number, length: number): void => {
    const inChunk = chunk.subarray(Math.max(0, start - base), start + length - base);
    const bytes = pieces.length === 0 ? inChunk : Buffer.concat([...pieces, inChunk]);
    pieces = [];
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    rows.add({ start, length, ...recordFacts(text) });
  };
  return {
    async carry(file: string, start: number, end: number): Promise<void> {
      let left = end - start;
      for await (const bytes of readChunks(file, start)) {
        if (left <= 0) return;
        pieces.push(bytes.slice(0, left));
        left -= bytes.length;
      }
    },
    chunk(bytes: Uint8Array): void {
      [chunk, base] = [bytes, splitter.state.at];
      splitter.take(bytes, found);
      const { start } = splitter.state;
      if (start >= 0) pieces.push(bytes.slice(Math.max(0, start - base)));
    },
    end: () =>
      splitter.end((start, length) => {
        chunk = new Uint8Array();
        base = start + length;
        found(start, length);
      }),
  };
}
