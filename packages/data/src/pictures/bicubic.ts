import type { Picture } from './decode-picture.js';

/** Fractional bits of Pillow's fixed-point weights: 32 - 8 for the level - 2 for the overshoot (src/libImaging/Resample.c). */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);
const SUPPORT = 2;
const A = -0.5;

/** Weights of the source positions that one output position is made of. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `[size, most]` */
  readonly weights: Int32Array;
  readonly most: number;
}

/** Keys' cubic with a = -0.5. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
}

/** Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`: the filter widens when shrinking, so that it averages. */
function computeTaps(from: number, to: number): Taps {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = SUPPORT * filterScale;
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * most);
  for (let at = 0; at < to; at++) {
    const center = (at + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    const values = Array.from({ length: end - start }, (_, tap) =>
      cubic((tap + start - center + 0.5) * (1 / filterScale)),
    );
    let sum = 0;
    for (const value of values) sum += value;
    values.forEach((value, tap) => {
      const fixed = (sum === 0 ? value : value / sum) * (1 << PRECISION_BITS);
      weights[at * most + tap] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    });
    first[at] = start;
    count[at] = end - start;
  }
  return { first, count, weights, most };
}

function toLevel(sum: number): number {
  const level = sum >> PRECISION_BITS;
  return level < 0 ? 0 : level > 255 ? 255 : level;
}

/**
 * One pass: every line's positions are replaced by weighted sums.
 * @param stride bytes between neighbouring positions; `lineStride` between lines; the same for the target
 */
function resample(
  source: Uint8Array,
  target: Uint8Array,
  { first, count, weights, most }: Taps,
  layout: { lines: number; positions: number; stride: number; sourceLine: number; targetLine: number },
): void {
  const { lines, positions, stride, sourceLine, targetLine } = layout;
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < positions; at++) {
      let [red, green, blue] = [HALF, HALF, HALF];
      let from = line * sourceLine + (first[at] as number) * stride;
      const end = at * most + (count[at] as number);
      for (let tap = at * most; tap < end; tap++, from += stride) {
        const weight = weights[tap] as number;
        red += (source[from] as number) * weight;
        green += (source[from + 1] as number) * weight;
        blue += (source[from + 2] as number) * weight;
      }
      const to = line * targetLine + at * stride;
      target[to] = toLevel(red);
      target[to + 1] = toLevel(green);
      target[to + 2] = toLevel(blue);
    }
  }
}

/** Resizes exactly as Pillow's `resize(size, Image.BICUBIC)` does: rows first, then columns, in fixed point. */
export function resizeBicubic(picture: Picture, width: number, height: number): Picture {
  let { rgb } = picture;
  if (width !== picture.width) {
    const rows = new Uint8Array(width * picture.height * 3);
    resample(rgb, rows, computeTaps(picture.width, width), {
      lines: picture.height,
      positions: width,
      stride: 3,
      sourceLine: picture.width * 3,
      targetLine: width * 3,
    });
    rgb = rows;
  }
  if (height !== picture.height) {
    const columns = new Uint8Array(width * height * 3);
    resample(rgb, columns, computeTaps(picture.height, height), {
      lines: width,
      positions: height,
      stride: width * 3,
      sourceLine: 3,
      targetLine: 3,
    });
    rgb = columns;
  }
  return { width, height, rgb };
}
