import { createHash } from 'node:crypto';

import { encodeElements } from './elements.js';
import { openWeights } from './open-weights.js';
import { elementCount } from './tensor.js';

/** How far a digest has come. */
export type DigestProgress = (elements: { readonly done: number; readonly total: number }) => void;

/**
 * The digest of a checkpoint's tensors: names, types, shapes and elements in the order of the names, whatever files they are
 * in. Lower-case hex sha256, with `sha256:` in front.
 * @throws LlavaError what reading throws, also for an element type that is not supported
 */
export async function digestWeights(path: string, onProgress?: DigestProgress): Promise<string> {
  const weights = await openWeights(path);
  try {
    const names = [...weights.entries.keys()].sort();
    const total = names.reduce((sum, name) => sum + elementCount(weights.entries.get(name)?.shape ?? []), 0);
    const hash = createHash('sha256');
    let done = 0;
    for (const name of names) {
      const { dtype, shape, data } = await weights.read(name);
      hash.update(`${JSON.stringify([name, dtype, shape])}\n`).update(encodeElements(data, dtype));
      done += data.length;
      onProgress?.({ done, total });
    }
    return `sha256:${hash.digest('hex')}`;
  } finally {
    await weights.close();
  }
}
