import type { Tensor } from '@tensorflow/tfjs-core';
import { LlavaError } from '@llava-ts/telemetry';

type Words<S extends string> = S extends `${infer Head} ${infer Tail}` ? Head | Words<Tail> : S;

/**
 * Names the axes of a tensor and checks its rank: the first line of every layer.
 * @example const { batch, tokens } = axes(x, 'batch tokens hidden');
 * @throws LlavaError `mismatch` when the rank is another
 */
export function axes<S extends string>(x: Tensor, names: S): Record<Words<S>, number> {
  const words = names.split(' ');
  if (words.length !== x.shape.length) {
    throw new LlavaError(
      'mismatch',
      `Expected a tensor with axes [${words.join(', ')}], got shape [${x.shape.join(', ')}].`,
    );
  }
  return Object.fromEntries(words.map((word, axis) => [word, x.shape[axis]])) as Record<Words<S>, number>;
}
