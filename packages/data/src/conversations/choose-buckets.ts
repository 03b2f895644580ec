/** Buckets and what they cost. */
export interface BucketChoice {
  /** Ascending; the last one holds the longest sample. */
  readonly bucketTokens: readonly number[];
  /** Share of the computed tokens that is padding, when every sample is padded to its bucket. */
  readonly waste: number;
}

/**
 * Chooses at most `count` bucket lengths, multiples of `multiple`, so that padding every sample to the next longer one wastes least
 * (dynamic programming over the lengths that occur).
 */
export function chooseBuckets(lengths: readonly number[], count: number, multiple = 8): BucketChoice {
  const rounded = lengths.map((length) => Math.max(multiple, Math.ceil(length / multiple) * multiple));
  const sizes = [...new Set(rounded)].sort((a, b) => a - b);
  const upTo = sizes.map((size) => rounded.filter((length) => length <= size).length);
  // cost[at]: fewest padded tokens when sizes[at] is the last bucket so far; from[k][at]: the bucket before it
  let cost = sizes.map((size, at) => size * (upTo[at] ?? 0));
  const from: number[][] = [sizes.map(() => -1)];
  for (let used = 1; used < Math.min(count, sizes.length); used++) {
    const before = cost;
    const choice = sizes.map(() => -1);
    cost = sizes.map((size, at) => {
      let best = before[at] ?? Infinity;
      for (let lower = 0; lower < at; lower++) {
        const total = (before[lower] ?? Infinity) + size * ((upTo[at] ?? 0) - (upTo[lower] ?? 0));
        if (total < best) [best, choice[at]] = [total, lower];
      }
      return best;
    });
    from.push(choice);
  }
  const bucketTokens = trace(sizes, from);
  const padded = cost.at(-1) ?? 0;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return { bucketTokens, waste: padded === 0 ? 0 : 1 - tokens / padded };
}

function trace(sizes: readonly number[], from: readonly (readonly number[])[]): number[] {
  const chosen: number[] = [];
  let at = sizes.length - 1;
  for (let used = from.length - 1; at >= 0; used--) {
    const before = from[Math.max(0, used)]?.[at] ?? -1;
    if (before >= 0 || used <= 0) chosen.unshift(sizes[at] ?? 0);
    if (before >= 0) at = before;
    else if (used <= 0) break;
  }
  return chosen;
}
