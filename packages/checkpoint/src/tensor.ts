/** The element types that are read and written; others (F8 and its like) may stand in a file and are refused only when asked for. */
export type StoredDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'U32' | 'I32' | 'I16' | 'U16' | 'I8' | 'U8' | 'BOOL';

/** Elements in memory: floats of every width are float32, I64 and U32 are 64-bit integers, narrower integers and BOOL are int32. */
export type TensorData = Float32Array | Int32Array | BigInt64Array;

/** A tensor as it was read. */
export interface StoredTensor {
  /** The element type in the file; `data` is float32 for all four float types. */
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor to be written. */
export interface WritableTensor {
  /** The element type in the file; by default the one that loses nothing (F32, I32 or I64). */
  readonly dtype?: StoredDtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor to be written whose elements are fetched when their turn comes, so that a model need not fit in memory. */
export interface DeferredTensor {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly read: () => Promise<TensorData>;
}

/** Bytes of one element, by safetensors' name of its type. */
export const ELEMENT_BYTES: Readonly<Record<StoredDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U32: 4,
  I32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** Whether a dtype of a header is one that can be read. */
export function isStoredDtype(dtype: string): dtype is StoredDtype {
  return Object.hasOwn(ELEMENT_BYTES, dtype);
}

/** How many elements a shape holds; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A name from a file, quoted for a one-line message: control characters escaped, overlong names cut. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 117)}...` : name);
}

/** Bytes of a tensor in a file. */
export function tensorBytes({
  dtype,
  shape,
}: {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
}): number {
  return elementCount(shape) * ELEMENT_BYTES[dtype];
}
