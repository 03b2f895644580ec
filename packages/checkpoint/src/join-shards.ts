import { LlavaError } from '@llava-ts/telemetry';
import type { Snapshot } from './read-snapshot.js';
import type { StoredTensor } from './tensor.js';

/**
 * A snapshot's groups as one process would have written them: parts `GROUP-0-of-N` .. are put together, tensors that were cut by rows too.
 * @throws LlavaError `corrupt` when a part is missing
 */
export function joinShards({ name, tensors }: Pick<Snapshot, 'name' | 'tensors'>): Snapshot['tensors'] {
  const joined: Record<string, Map<string, StoredTensor>> = {};
  for (const [file, group] of Object.entries(tensors)) {
    const [, base = file, index = '0', count = '1'] = /^(.+)-(\d+)-of-(\d+)$/.exec(file) ?? [];
    if (index !== '0') continue;
    const parts = Array.from({ length: Number(count) }, (_, part) =>
      count === '1' ? group : tensors[`${base}-${part}-of-${count}`],
    );
    if (parts.includes(undefined))
      throw new LlavaError('corrupt', `snapshot ${name}: expected ${count} parts of ${base}`);
    joined[base] = joinTensors(parts as ReadonlyMap<string, StoredTensor>[]);
  }
  return joined;
}

function joinTensors(parts: readonly ReadonlyMap<string, StoredTensor>[]): Map<string, StoredTensor> {
  const paths = new Set(parts.flatMap((part) => [...part.keys()]));
  return new Map(
    [...paths].map((path) => {
      const cut = parts.flatMap((part) => part.get(path) ?? []);
      const [first] = cut as [StoredTensor];
      return [path, cut.length === 1 ? first : joinRows(cut)];
    }),
  );
}

function joinRows(cut: readonly StoredTensor[]): StoredTensor {
  const [first] = cut as [StoredTensor];
  const arrays = cut.map(({ data }) => data as Float32Array);
  const data = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    data.set(array, at);
    at += array.length;
  }
  const rowSize = first.shape.slice(1).reduce((product, axis) => product * axis, 1);
  return { ...first, shape: [data.length / rowSize, ...first.shape.slice(1)], data };
}
