/**
 * Exponential moving average without the pull of its start (Adam's correction): `out[i]` weighs the last `1 / (1 - keep)`
 * values most. Missing values (NaN) stay missing and change nothing.
 * @param values `[n]`
 * @param keep 0 for no smoothing, towards 1 for more
 */
export function smoothed(values: ArrayLike<number>, keep: number): Float64Array {
  const out = new Float64Array(values.length);
  let mean = 0;
  let weight = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (Number.isNaN(value)) {
      out[index] = NaN;
      continue;
    }
    mean = keep * mean + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    out[index] = mean / weight;
  }
  return out;
}

/** The middle of the finite values; NaN when there is none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Array.from(values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
