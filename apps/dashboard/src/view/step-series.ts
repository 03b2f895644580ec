/**
 * Numbers of each step, in columns; a missing one is NaN. Times are milliseconds; the parts of a step's time are sums over its leases.
 * `stage` and `step` count from 0.
 */
export const COLUMNS = [
  'stage',
  'step',
  'atMs',
  'loss',
  'gradNorm',
  'learningRate',
  'labelTokens',
  'samples',
  'ms',
  'dataMs',
  'pullMs',
  'computeMs',
  'pushMs',
  'waitMs',
  'applyMs',
  'tokens',
  'skippedSamples',
  'truncatedSamples',
] as const;

/** Name of a column. */
export type Column = (typeof COLUMNS)[number];

/** The parts of a step's time, in the order in which a worker goes through them. */
export const TIME_PARTS = ['dataMs', 'pullMs', 'computeMs', 'pushMs', 'waitMs'] as const satisfies readonly Column[];

/** A step as a row. */
export type StepRow = Readonly<Record<Column, number>>;

/** Rows of steps that only grow, kept in columns: 100,000 steps are 14 MB. */
export interface StepSeries {
  readonly rows: number;
  /** The column's values, `[rows]`; valid until the next change. */
  column(name: Column): Float64Array;
  append(row: StepRow): void;
  /** Forgets the rows from there on: a run went on from an earlier snapshot. */
  cut(rows: number): void;
}

/** Creates an empty series. */
export function createStepSeries(): StepSeries {
  let rows = 0;
  let capacity = 256;
  let values = COLUMNS.map(() => new Float64Array(capacity));
  const grow = (): void => {
    capacity *= 2;
    values = values.map((old) => {
      const larger = new Float64Array(capacity);
      larger.set(old);
      return larger;
    });
  };
  return {
    get rows() {
      return rows;
    },
    column: (name) => (values[COLUMNS.indexOf(name)] as Float64Array).subarray(0, rows),
    append(row) {
      if (rows === capacity) grow();
      COLUMNS.forEach((name, index) => ((values[index] as Float64Array)[rows] = row[name]));
      rows += 1;
    },
    cut: (length) => void (rows = Math.min(rows, length)),
  };
}

/** Bytes of the rows from one on: columns one after the other, little-endian float64, `[columns, rows - from]`. */
export function encodeRows(series: StepSeries, from: number): Uint8Array<ArrayBuffer> {
  const count = Math.max(0, series.rows - from);
  const all = new Float64Array(count * COLUMNS.length);
  COLUMNS.forEach((name, index) => all.set(series.column(name).subarray(from, from + count), index * count));
  return new Uint8Array(all.buffer);
}

/**
 * Appends rows that {@link encodeRows} made.
 * @throws RangeError when the bytes are not whole rows
 */
export function decodeRows(series: StepSeries, bytes: ArrayBuffer): void {
  const all = new Float64Array(bytes);
  const count = all.length / COLUMNS.length;
  if (!Number.isInteger(count)) throw new RangeError(`${bytes.byteLength} bytes are no whole rows of steps`);
  for (let row = 0; row < count; row += 1) {
    const numbers = COLUMNS.map((name, index) => [name, all[index * count + row]] as const);
    series.append(Object.fromEntries(numbers) as StepRow);
  }
}
