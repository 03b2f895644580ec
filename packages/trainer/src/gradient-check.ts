import { LlavaError } from '@llava-ts/telemetry';
import { firstNotFinite } from './tensor-arithmetic.js';

/** Per tensor the sum over label tokens of dloss/dp. */
export type Gradients = ReadonlyMap<string, Float32Array>;

/**
 * Checks gradients before they may touch anything.
 * @param sizes the learning tensors and their numbers of elements
 * @throws {LlavaError} `bad-input` listing tensors that are missing, extra or of another size, or naming one with a NaN or infinity.
 */
export function requireFiniteGradients(sizes: ReadonlyMap<string, number>, gradients: Gradients): void {
  const problems = sizeProblems(sizes, gradients);
  if (problems.length > 0)
    throw new LlavaError('bad-input', `gradients do not fit the learning tensors: ${problems.join('; ')}`);
  for (const [name, values] of gradients) {
    const at = firstNotFinite(values);
    if (at >= 0)
      throw new LlavaError(
        'bad-input',
        `gradient of '${name}' is ${values[at]} at element ${at}: refused, nothing was changed`,
      );
  }
}

/** One line per tensor that is missing, extra or of another size. */
export function sizeProblems(sizes: ReadonlyMap<string, number>, arrays: ReadonlyMap<string, Float32Array>): string[] {
  const missing = [...sizes.keys()].filter((name) => !arrays.has(name)).map((name) => `'${name}' is missing`);
  const wrong = [...arrays].flatMap(([name, array]) => {
    const size = sizes.get(name);
    if (size === undefined) return [`'${name}' is not one of them`];
    return size === array.length ? [] : [`'${name}' has ${array.length} elements, expected ${size}`];
  });
  return [...missing, ...wrong];
}
