const WARMUP_STEPS = 100;

/** Linear warm-up, then a cosine down to a tenth of a hundredth of the peak. */
export function cosine(step: number, steps: number, peak: number): number {
  const warm = Math.min(1, (step + 1) / WARMUP_STEPS);
  return peak * warm * (0.001 + 0.999 * 0.5 * (1 + Math.cos((Math.PI * step) / steps)));
}
