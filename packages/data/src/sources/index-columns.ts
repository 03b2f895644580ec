import type { IndexRow } from './record.js';

/** A place in a file. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** The index of a file in memory: 20 bytes per record, 32 with pictures inside the file. */
export interface IndexColumns {
  readonly records: number;
  row(ordinal: number): IndexRow;
  /** Where the record's own picture stands, for files that hold pictures. */
  picture(ordinal: number): Span | null;
}

/** Numbers that one record takes in an index file, each a float64: exact up to 2^53. */
export const ROW_NUMBERS = 6;

/** Collects rows while a file is scanned. */
export class IndexRows {
  private values = new Float64Array(ROW_NUMBERS * 1024);
  count = 0;

  add({ start, length, textLength, pictures }: IndexRow, picture: Span | null = null): void {
    const at = this.count * ROW_NUMBERS;
    if (at === this.values.length) {
      const larger = new Float64Array(Math.max(1024 * ROW_NUMBERS, this.values.length * 2));
      larger.set(this.values);
      this.values = larger;
    }
    this.values.set([start, length, textLength, pictures, picture?.start ?? -1, picture?.length ?? 0], at);
    this.count++;
  }

  /** The rows from `first` on, as an index file has them. */
  bytes(first = 0): Uint8Array {
    const { buffer } = this.values.slice(first * ROW_NUMBERS, this.count * ROW_NUMBERS);
    return new Uint8Array(buffer);
  }

  static from(bytes: Uint8Array): IndexRows {
    const rows = new IndexRows();
    rows.values = new Float64Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 8));
    rows.count = Math.floor(rows.values.length / ROW_NUMBERS);
    return rows;
  }
}

/** Reads the bytes of an index file. */
export function readColumns(bytes: Uint8Array): IndexColumns {
  const records = bytes.length / 8 / ROW_NUMBERS;
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, records * ROW_NUMBERS);
  const column = (number: number): Uint32Array =>
    Uint32Array.from({ length: records }, (_, ordinal) => values[ordinal * ROW_NUMBERS + number] as number);
  const starts = Float64Array.from({ length: records }, (_, ordinal) => values[ordinal * ROW_NUMBERS] as number);
  const [lengths, textLengths, pictures] = [column(1), column(2), column(3)];
  const inside = values.some((value, at) => at % ROW_NUMBERS === 4 && value >= 0);
  const pictureStarts = inside
    ? Float64Array.from({ length: records }, (_, at) => values[at * ROW_NUMBERS + 4] as number)
    : null;
  const pictureLengths = inside ? column(5) : null;
  return {
    records,
    row: (ordinal) => ({
      start: starts[ordinal] as number,
      length: lengths[ordinal] as number,
      textLength: textLengths[ordinal] as number,
      pictures: pictures[ordinal] as number,
    }),
    picture: (ordinal) => {
      const start = pictureStarts?.[ordinal] ?? -1;
      return start < 0 ? null : { start, length: pictureLengths?.[ordinal] ?? 0 };
    },
  };
}
