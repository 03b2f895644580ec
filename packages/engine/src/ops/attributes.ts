import { LlavaError } from '@llava-ts/telemetry';
import { nodeBackend } from '../node-backend.js';
import type { OpAttribute } from '../node-backend.js';

/** TensorFlow's numbers for the types that the engine handles (tensorflow/core/framework/types.proto). */
export const DT_FLOAT = 1;
export const DT_INT32 = 3;
export const DT_INT64 = 9;
export const DT_BOOL = 10;
export const DT_BFLOAT16 = 14;

const NUMBERS: Readonly<Record<string, number>> = { float32: DT_FLOAT, int32: DT_INT32, bool: DT_BOOL };

/** TensorFlow's number of a tfjs dtype. */
export function typeNumber(dtype: string): number {
  const number = NUMBERS[dtype];
  if (number === undefined)
    throw new LlavaError('bad-input', `Dtype '${dtype}' is not one of ${Object.keys(NUMBERS).join(', ')}.`);
  return number;
}

/** A `type` attribute of an op, e.g. `T: float32`. */
export function typeAttribute(name: string, dtype: string): OpAttribute {
  return { name, type: nodeBackend().binding.TF_ATTR_TYPE, value: typeNumber(dtype) };
}

/** A `bool` attribute of an op. */
export function boolAttribute(name: string, value: boolean): OpAttribute {
  return { name, type: nodeBackend().binding.TF_ATTR_BOOL, value };
}
