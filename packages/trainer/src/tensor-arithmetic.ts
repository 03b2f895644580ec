/** `sum += values`. */
export function addInto(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (values[i] as number);
}

/**
 * Sum of squares in float64, in four running sums so that the additions do not wait for each other. Their order is part of the result
 * and never changes.
 */
export function squaresOf(values: Float32Array): number {
  const lanes = [0, 0, 0, 0] as [number, number, number, number];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    lanes[0] += (values[i] as number) ** 2;
    lanes[1] += (values[i + 1] as number) ** 2;
    lanes[2] += (values[i + 2] as number) ** 2;
    lanes[3] += (values[i + 3] as number) ** 2;
  }
  for (let i = whole; i < values.length; i++) lanes[0] += (values[i] as number) ** 2;
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

/**
 * Sums of squares of consecutive blocks, the last one short: the same numbers wherever between blocks a tensor is cut.
 * @param blockElements elements of a block
 */
export function squaresOfBlocks(values: Float32Array, blockElements: number): number[] {
  return Array.from({ length: Math.ceil(values.length / blockElements) }, (_, block) =>
    squaresOf(values.subarray(block * blockElements, (block + 1) * blockElements)),
  );
}

/** Index of the first NaN or infinity, -1 when there is none. */
export function firstNotFinite(values: Float32Array): number {
  let zero = 0; // x - x is 0 exactly when x is finite
  for (let i = 0; i < values.length; i++) zero += (values[i] as number) - (values[i] as number);
  return zero === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
