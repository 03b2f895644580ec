import { isCount, isCounts, isKind } from './pickle-values.js';
import type { PickleValue, TorchStorage, TorchTensor } from './pickle-values.js';

/** Applies one of the few functions that a pickle may call; throws a RangeError for arguments that do not fit. */
export function reduce(callee: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
  if (!isKind(callee, 'function') || !Array.isArray(args))
    throw new RangeError('a call of something else than a function');
  switch (callee.name) {
    case 'ordered-dict':
      return new Map(pairsOf(args[0]));
    case 'rebuild-tensor':
      return rebuildTensor(args);
    case 'rebuild-parameter':
      if (isKind(args[0], 'tensor')) return args[0];
      throw new RangeError('a parameter without a tensor');
  }
}

/** `('storage', type, key, location, elements)`, as `torch.save` names a storage. */
export function persistentStorage(id: PickleValue | undefined): TorchStorage {
  const [tag, type, key, , elements] = Array.isArray(id) ? id : [];
  if (tag !== 'storage' || !isKind(type, 'storage-type') || typeof key !== 'string' || !isCount(elements))
    throw new RangeError('a persistent id that is not a storage');
  return { kind: 'storage', dtype: type.dtype, key, elements };
}

function pairsOf(value: PickleValue | undefined): [PickleValue, PickleValue][] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new RangeError('a dictionary of something else than pairs');
  return value.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new RangeError('a dictionary of something else than pairs');
    return [pair[0] ?? null, pair[1] ?? null];
  });
}

function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): TorchTensor {
  if (!isKind(storage, 'storage') || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
    throw new RangeError('a tensor whose storage, offset, size or stride is something else');
  if (shape.length !== strides.length) throw new RangeError('a tensor with another number of sizes than strides');
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), offset);
  const isEmpty = shape.includes(0);
  if (!Number.isSafeInteger(last) || (!isEmpty && last >= storage.elements))
    throw new RangeError(`a tensor that reaches to element ${last} of a storage of ${storage.elements}`);
  return { kind: 'tensor', storage, offset, shape, strides };
}
