/** What a step's summed gradients are multiplied with before the optimizer sees them. */
export interface GradientScales {
  /** 1 / label tokens of the global batch: makes the sum a mean over label tokens. */
  readonly gradientScale: number;
  /** At most 1: brings the norm of the whole gradient down to the limit. */
  readonly clipScale: number;
  /** Norm of the mean gradient over all learning parameters, before clipping. */
  readonly gradNorm: number;
}

/**
 * Global-norm clipping. Every number is a float64 and the tensors are added in name order, so that any spread of the tensors over
 * shards gives the same bits.
 * @param squares per tensor the sum of squares of its summed gradient, see `UpdateState.sumOfSquares`
 * @param clipNorm largest norm, null for none
 * Source: torch `clip_grad_norm_` (`min(1, clipNorm / (norm + 1e-6))`).
 */
export function gradientScales(
  squares: ReadonlyMap<string, number>,
  labelTokens: number,
  clipNorm: number | null,
): GradientScales {
  const gradientScale = 1 / Math.max(1, labelTokens);
  let total = 0;
  for (const name of [...squares.keys()].sort()) total += squares.get(name) ?? 0;
  const gradNorm = Math.sqrt(total) * gradientScale;
  return { gradientScale, clipScale: clipNorm === null ? 1 : Math.min(1, clipNorm / (gradNorm + 1e-6)), gradNorm };
}
