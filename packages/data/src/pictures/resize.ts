import type { Picture } from './decode-picture.js';
import { computeTaps, type ResizeFilter, type Taps } from './filters.js';
import { resamplePasses } from './resample-passes.js';

/** Lines that cross into WebAssembly at once: little enough to stay in the processor's cache. */
const BAND_BYTES = 128 * 1024;
/** What a pass may write or read behind the end. */
const SPARE_BYTES = 16;

/** Rounds up to where 128-bit values lie well. */
const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Writes taps for source positions that lie `stride` bytes apart and are counted from `origin`. */
function writeTaps(
  memory: Uint8Array,
  at: number,
  taps: Taps,
  { stride, origin }: { stride: number; origin: number },
): void {
  const records = new Int32Array(memory.buffer, at, taps.records.length);
  records.set(taps.records);
  const step = taps.recordBytes / 4;
  for (let record = 0; record < records.length; record += step)
    records[record] = ((records[record] as number) - origin) * stride;
}

/** The part of a resized picture that is wanted. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes exactly as Pillow's `resize((width, height), filter)` does, across and then down, in fixed point.
 * @param crop computes only this part of the result
 */
export function resizePicture(
  picture: Picture,
  { width, height, filter = 'bicubic', crop }: { width: number; height: number; filter?: ResizeFilter; crop?: Crop },
): Picture {
  const part = crop ?? { left: 0, top: 0, width, height };
  const whole = part.width === width && part.height === height;
  if (whole && width === picture.width && height === picture.height) return picture;
  const columns = computeTaps({ from: picture.width, to: width, start: part.left, count: part.width }, filter);
  const rows = computeTaps({ from: picture.height, to: height, start: part.top, count: part.height }, filter);

  const sourceLine = picture.width * 3;
  const targetLine = part.width * 3;
  const lines = rows.end - rows.first;
  const band = Math.max(1, Math.floor(BAND_BYTES / sourceLine));
  const columnsAt = 0;
  const rowsAt = aligned(columnsAt + columns.records.byteLength);
  const bandAt = aligned(rowsAt + rows.records.byteLength);
  const betweenAt = aligned(bandAt + Math.min(band, lines) * sourceLine + SPARE_BYTES);
  const resultAt = aligned(betweenAt + lines * targetLine + SPARE_BYTES);
  const { passes, memory } = resamplePasses(resultAt + part.height * targetLine + SPARE_BYTES);

  writeTaps(memory, columnsAt, columns, { stride: 3, origin: 0 });
  writeTaps(memory, rowsAt, rows, { stride: targetLine, origin: rows.first });
  for (let line = 0; line < lines; line += band) {
    const count = Math.min(band, lines - line);
    const from = (rows.first + line) * sourceLine;
    memory.set(picture.rgb.subarray(from, from + count * sourceLine), bandAt);
    const to = betweenAt + line * targetLine;
    passes.across(bandAt, sourceLine, to, targetLine, count, columnsAt, columns.recordBytes, part.width);
  }
  passes.down(betweenAt, targetLine, resultAt, rowsAt, rows.recordBytes, part.height);
  const rgb = memory.slice(resultAt, resultAt + part.height * targetLine);
  return { width: part.width, height: part.height, rgb };
}
