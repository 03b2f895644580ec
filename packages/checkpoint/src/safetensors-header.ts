import { LlavaError } from '@llava-ts/telemetry';

import { topLevelKeys } from './json-keys.js';
import { ELEMENT_BYTES, elementCount, isStoredDtype, quoteName } from './tensor.js';

/** Where one tensor lies in a safetensors file. */
export interface TensorEntry {
  /** As the file says; may be a type that cannot be read. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly begin: number;
  /** One past the last byte, counted from the start of the file. */
  readonly end: number;
}

/** The checked header of a safetensors file. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A header is text; what is larger than this is an attack or another kind of file (the reference has the same limit). */
export const MAX_HEADER_BYTES = 100_000_000;

/** Names, their fields, and a list of numbers: whatever nests deeper is no header. */
const HEADER_DEPTH = 3;

/** Length of the little-endian number that a file begins with. */
export const PREFIX_BYTES = 8;

/**
 * Reads the length of the header from a file's first eight bytes.
 * @throws LlavaError `corrupt` when the file is too short for itself or the length cannot be true.
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (prefix.byteLength < PREFIX_BYTES) throw corrupt(file, `has ${fileBytes} bytes, too few for a safetensors file`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw corrupt(file, `header of ${length} bytes, at most ${MAX_HEADER_BYTES} expected; not a safetensors file?`);
  }
  if (length > BigInt(fileBytes - PREFIX_BYTES)) {
    throw corrupt(file, `header of ${length} bytes, but the file has ${fileBytes}; fetch or write it again`);
  }
  return Number(length);
}

/**
 * Checks a header against the size of its file: every tensor's bytes fit its shape, follow each other without gap or
 * overlap, and end where the file ends.
 * @throws LlavaError `corrupt`, one line with file and tensor.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  const start = PREFIX_BYTES + bytes.byteLength;
  const fields: [string, unknown][] = Object.entries(parseObject(bytes, file));
  const entries = new Map<string, TensorEntry>();
  for (const [name, value] of fields) {
    if (name !== '__metadata__') entries.set(name, parseEntry(value, name, start, file));
  }
  checkCoverage(entries, start, fileBytes, file);
  const metadata = fields.find(([name]) => name === '__metadata__')?.[1];
  return { entries, metadata: metadata === undefined ? {} : parseMetadata(metadata, file) };
}

function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  let value: unknown;
  let keys: readonly string[];
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    keys = topLevelKeys(text, HEADER_DEPTH);
    value = JSON.parse(text) as unknown;
  } catch (error) {
    throw corrupt(file, 'the header is not valid JSON; not a safetensors file, or damaged', error);
  }
  const repeated = firstRepeated(keys);
  if (repeated !== undefined) throw corrupt(file, `tensor ${quoteName(repeated)} stands twice in the header`);
  if (!isRecord(value)) throw corrupt(file, 'the header is not a JSON object');
  return value;
}

function firstRepeated(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => seen.size === seen.add(key).size);
}

function parseEntry(value: unknown, name: string, start: number, file: string): TensorEntry {
  const where = `tensor ${quoteName(name)}`;
  if (!isRecord(value)) throw corrupt(file, `${where}: expected an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw corrupt(file, `${where}: dtype is missing`);
  if (!isSizes(shape)) throw corrupt(file, `${where}: shape is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) throw corrupt(file, `${where}: data_offsets is not [begin, end]`);
  const [begin = 0, end = 0] = offsets;
  if (end < begin) throw corrupt(file, `${where}: data_offsets end ${end} is before begin ${begin}`);
  if (isStoredDtype(dtype)) {
    const expected = elementCount(shape) * ELEMENT_BYTES[dtype];
    if (expected !== end - begin) {
      throw corrupt(
        file,
        `${where}: ${dtype} [${shape.join(', ')}] takes ${expected} bytes, but it has ${end - begin}`,
      );
    }
  }
  return { dtype, shape, begin: start + begin, end: start + end };
}

function checkCoverage(
  entries: ReadonlyMap<string, TensorEntry>,
  start: number,
  fileBytes: number,
  file: string,
): void {
  let position = start;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (entry.end > fileBytes) {
      throw corrupt(
        file,
        `tensor ${quoteName(name)} ends at byte ${entry.end}, but the file has ${fileBytes}; it is cut off`,
      );
    }
    if (entry.begin !== position) {
      const what = entry.begin < position ? 'overlaps another tensor' : 'leaves a gap before it';
      throw corrupt(file, `tensor ${quoteName(name)} ${what} (begins at byte ${entry.begin}, expected ${position})`);
    }
    position = entry.end;
  }
  if (position !== fileBytes) {
    throw corrupt(file, `the file has ${fileBytes} bytes, its tensors end at ${position}; it is damaged`);
  }
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (!isRecord(value)) throw corrupt(file, '__metadata__ is not an object');
  const pairs = Object.entries(value);
  const isText = (pair: [string, unknown]): pair is [string, string] => typeof pair[1] === 'string';
  if (!pairs.every(isText)) throw corrupt(file, '__metadata__ may hold only strings');
  return Object.fromEntries(pairs);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function corrupt(file: string, problem: string, cause?: unknown): LlavaError {
  return new LlavaError('corrupt', `${file}: ${problem}`, { cause });
}
