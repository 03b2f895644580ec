import { LlavaError } from '@llava-ts/telemetry';

import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half.js';
import type { StoredDtype, TensorData } from './tensor.js';

type Kind = 'float' | 'int' | 'long';

/** How elements of each type look in memory; within a kind a wider type may be written narrower. */
const KINDS: Readonly<Record<StoredDtype, Kind>> = {
  F64: 'float',
  F32: 'float',
  F16: 'float',
  BF16: 'float',
  I64: 'long',
  U32: 'long',
  I32: 'int',
  I16: 'int',
  U16: 'int',
  I8: 'int',
  U8: 'int',
  BOOL: 'int',
};

const NATURAL: Readonly<Record<Kind, StoredDtype>> = { float: 'F32', int: 'I32', long: 'I64' };

function kindOf(data: TensorData): Kind {
  if (data instanceof Float32Array) return 'float';
  return data instanceof Int32Array ? 'int' : 'long';
}

/** The element type that loses nothing of these values. */
export function naturalDtype(data: TensorData): StoredDtype {
  return NATURAL[kindOf(data)];
}

/** Whether values can be written as a type: floats as any float type, integers as any of their kind. */
export function isWritableAs(data: TensorData, dtype: StoredDtype): boolean {
  return KINDS[dtype] === kindOf(data);
}

/** Stored little-endian bytes as values; F64 is rounded to float32. The bytes must have their buffer to themselves. */
export function decodeElements(bytes: ArrayBuffer, dtype: StoredDtype): TensorData {
  switch (dtype) {
    case 'F64':
      return Float32Array.from(new Float64Array(bytes));
    case 'F32':
      return new Float32Array(bytes);
    case 'F16':
      return float16ToFloat32(new Uint16Array(bytes));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(bytes));
    case 'I64':
      return new BigInt64Array(bytes);
    case 'U32':
      return BigInt64Array.from(
        new Uint32Array(bytes) as unknown as Iterable<number>,
        BigInt as (value: unknown) => bigint,
      );
    case 'I32':
      return new Int32Array(bytes);
    default:
      return Int32Array.from(new NARROW[dtype](bytes));
  }
}

const NARROW = { I16: Int16Array, U16: Uint16Array, I8: Int8Array, U8: Uint8Array, BOOL: Uint8Array };

/**
 * Values as stored bytes; floats are rounded to nearest even.
 * @throws LlavaError `bad-input` for an integer that does not fit its type
 */
export function encodeElements(data: TensorData, dtype: StoredDtype): Uint8Array {
  const stored = narrowed(data, dtype);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

function narrowed(data: TensorData, dtype: StoredDtype): ArrayBufferView {
  switch (dtype) {
    case 'F64':
      return Float64Array.from(data as Float32Array);
    case 'BF16':
      return float32ToBfloat16(data as Float32Array);
    case 'F16':
      return float32ToFloat16(data as Float32Array);
    case 'U32':
      return fitting(data, Uint32Array.from(data as BigInt64Array, Number), dtype);
    case 'F32':
    case 'I32':
    case 'I64':
      return data;
    default:
      return fitting(data, NARROW[dtype].from(data as Int32Array), dtype);
  }
}

function fitting<T extends ArrayLike<number> & ArrayBufferView>(data: TensorData, stored: T, dtype: StoredDtype): T {
  const lost = data.findIndex((value: number | bigint, index: number) => Number(value) !== stored[index]);
  if (lost < 0) return stored;
  throw new LlavaError('bad-input', `element ${lost}, ${data[lost]}, does not fit ${dtype}`);
}
