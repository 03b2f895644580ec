import type { StoredDtype } from '../tensor.js';
import type { Global } from './globals.js';

/** The elements of a storage: a file of the archive. */
export interface TorchStorage {
  readonly kind: 'storage';
  readonly dtype: StoredDtype;
  /** Name of its file under `data/`. */
  readonly key: string;
  readonly elements: number;
}

/** A view of a storage. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** First element, counted in elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Steps of each axis, counted in elements. */
  readonly strides: readonly number[];
}

/** What stands on a pickle's stack: numbers and texts, lists and tuples (arrays), dictionaries (maps), and torch's own. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Global
  | TorchStorage
  | TorchTensor;

/** Whether a value is one of ours, of this kind. */
export function isKind<K extends 'storage' | 'tensor' | 'function' | 'storage-type'>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { readonly kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** Whether a value is a tuple of whole numbers that are not negative. */
export function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

/** Whether a value is a whole number that is not negative. */
export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
