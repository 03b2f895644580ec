/** What a step's summed gradients are multiplied with before the optimizer sees them. */
export interface GradientScales {
  /** 1 / label tokens of the global batch: makes the sum a mean over label tokens. */
  readonly gradientScale: number;
  /** At most 1: brings the norm of the whole gradient down to the limit. */
  readonly clipScale: number;
  /** Norm of the mean gradient over all learning parameters, before clipping. */
  readonly gradNorm: number;
}

/** Per tensor the sum of squares of each of its blocks, in row order. */
export type BlockSquares = ReadonlyMap<string, readonly number[]>;

/** The squares of a whole model from those of its shards, in the order of the shards. */
export function joinSquares(shards: readonly BlockSquares[]): Map<string, readonly number[]> {
  const joined = new Map<string, readonly number[]>();
  for (const squares of shards)
    for (const [name, blocks] of squares) joined.set(name, [...(joined.get(name) ?? []), ...blocks]);
  return joined;
}

/**
 * Global-norm clipping. Every number is a float64; tensors are added in name order and the blocks of a tensor in row order, so that any spread
 * over shards gives the same bits.
 * @param squares per tensor the sums of squares of the blocks of its summed gradient, see `UpdateState.sumOfSquares`
 * @param clipNorm largest norm, null for none
 * Source: torch `clip_grad_norm_` (`min(1, clipNorm / (norm + 1e-6))`).
 */
export function gradientScales(squares: BlockSquares, labelTokens: number, clipNorm: number | null): GradientScales {
  const gradientScale = 1 / Math.max(1, labelTokens);
  let total = 0;
  for (const name of [...squares.keys()].sort()) for (const block of squares.get(name) ?? []) total += block;
  const gradNorm = Math.sqrt(total) * gradientScale;
  return { gradientScale, clipScale: clipNorm === null ? 1 : Math.min(1, clipNorm / (gradNorm + 1e-6)), gradNorm };
}
