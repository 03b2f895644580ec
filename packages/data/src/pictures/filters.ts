/** A filter of Pillow's `resize`. Each widens when shrinking, so that it averages. */
export type ResizeFilter = 'bilinear' | 'bicubic' | 'lanczos';

interface Filter {
  /** Where it ends, in source pixels when enlarging. */
  readonly support: number;
  weight(distance: number): number;
}

const A = -0.5; // Keys' cubic

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

const FILTERS: Readonly<Record<ResizeFilter, Filter>> = {
  bilinear: { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: {
    support: 2,
    weight(distance) {
      const x = Math.abs(distance);
      if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Fractional bits of Pillow's fixed-point weights: 32 - 8 for the level - 2 for the overshoot (src/libImaging/Resample.c). */
const PRECISION_BITS = 22;

/** Which source positions make each output position, and with which weights: the records that resample.wat reads. */
export interface Taps {
  /** `[positions, 2 + most]`: first source position, number of weights, weights */
  readonly records: Int32Array;
  /** Length of a record in bytes. */
  readonly recordBytes: number;
  /** The first source position that is needed at all. */
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
}

/**
 * Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc` for the output positions from `start` to `start + count`.
 * @param from source size; `to` output size
 */
export function computeTaps(
  { from, to, start, count }: { from: number; to: number; start: number; count: number },
  filter: ResizeFilter,
): Taps {
  const { support: width, weight } = FILTERS[filter];
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = width * filterScale;
  const length = 2 + Math.ceil(support) * 2 + 1;
  const records = new Int32Array(count * length);
  const values = new Float64Array(length);
  let [lowest, highest] = [from, 0];
  for (let at = 0; at < count; at++) {
    const center = (at + start + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let tap = 0; tap < end - first; tap++) {
      values[tap] = weight((tap + first - center + 0.5) * (1 / filterScale));
      sum += values[tap] as number;
    }
    records[at * length] = first;
    records[at * length + 1] = end - first;
    for (let tap = 0; tap < end - first; tap++) {
      const value = values[tap] as number;
      const fixed = (sum === 0 ? value : value / sum) * (1 << PRECISION_BITS);
      records[at * length + 2 + tap] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    lowest = Math.min(lowest, first);
    highest = Math.max(highest, end);
  }
  return { records, recordBytes: length * 4, first: lowest, end: highest };
}
