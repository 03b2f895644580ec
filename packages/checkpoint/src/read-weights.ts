import { openWeights } from './open-weights.js';
import type { OpenWeightsOptions, WeightEntry } from './open-weights.js';
import type { StoredTensor } from './tensor.js';

/**
 * Reads the weights of a checkpoint, see {@link openWeights}; with `names`, those tensors only, in their order.
 * @throws LlavaError `not-found`, `corrupt`, `bad-input`.
 */
export async function readWeights(path: string, options: OpenWeightsOptions = {}): Promise<Map<string, StoredTensor>> {
  const names = options.names && [...options.names];
  const opened = await openWeights(path, names && { names });
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of names ?? opened.entries.keys()) tensors.set(name, await opened.read(name));
    return tensors;
  } finally {
    await opened.close();
  }
}

/** Lists the tensors of a checkpoint with their types and shapes, reading headers only. */
export async function listWeights(path: string): Promise<Map<string, WeightEntry>> {
  const opened = await openWeights(path);
  try {
    return new Map([...opened.entries].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
  } finally {
    await opened.close();
  }
}
