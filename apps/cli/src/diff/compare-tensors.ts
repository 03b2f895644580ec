import type { StoredTensor } from '@llava-ts/checkpoint';

/** How two tensors of the same name differ. */
export interface TensorDifference {
  readonly reason: string;
  /** The largest absolute difference of two elements; null when they cannot be compared. */
  readonly maxDifference: number | null;
}

/** Compares two tensors bit for bit. @returns null when they are the same */
export function compareTensors(a: StoredTensor | undefined, b: StoredTensor | undefined): TensorDifference | null {
  if (a === undefined || b === undefined)
    return { reason: `only in ${a === undefined ? 'the second' : 'the first'}`, maxDifference: null };
  const [kindA, kindB] = [a, b].map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`);
  if (kindA !== kindB) return { reason: `${kindA} against ${kindB}`, maxDifference: null };
  const bytes = ({ buffer, byteOffset, byteLength }: StoredTensor['data']): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  if (bytes(a.data).equals(bytes(b.data))) return null;
  return measure(a.data, b.data);
}

function measure(a: StoredTensor['data'], b: StoredTensor['data']): TensorDifference {
  let changed = 0;
  let maxDifference = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y)) continue;
    changed++;
    const difference = Math.abs(x - y);
    if (difference > maxDifference || Number.isNaN(difference)) maxDifference = difference;
  }
  return { reason: `${changed} of ${a.length} elements`, maxDifference };
}
