import { LlavaError } from '@llava-ts/telemetry';
import { sha256Hex } from './digest.js';

/** A tensor that crosses the wire, by name. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Where a tensor lies in a payload, in elements. */
export interface PlacedTensor extends TensorShape {
  readonly first: number;
  readonly size: number;
}

/** The table of tensors of a payload: their elements one after the other, without padding. See `Tensor` in common.proto. */
export interface Layout {
  readonly tensors: readonly PlacedTensor[];
  /** Elements of the whole payload. */
  readonly size: number;
  /** Bytes of the whole payload, 4 per element. */
  readonly bytes: number;
  /** Identifies the table. */
  readonly digest: string;
}

/** Lays tensors out in the order given. */
export function layOut(shapes: readonly TensorShape[]): Layout {
  const tensors: PlacedTensor[] = [];
  let size = 0;
  for (const { name, shape } of shapes) {
    const elements = shape.reduce((product, axis) => product * axis, 1);
    tensors.push({ name, shape, first: size, size: elements });
    size += elements;
  }
  const digest = sha256Hex(tensors.map(({ name, shape }) => `${name} ${shape.join('x')}\n`).join(''));
  return { tensors, size, bytes: size * 4, digest };
}

/** Views of a payload by tensor name; they share its memory. */
export function splitPayload(layout: Layout, payload: Float32Array): Map<string, Float32Array> {
  return new Map(layout.tensors.map(({ name, first, size }) => [name, payload.subarray(first, first + size)]));
}

/**
 * The arrays of a payload in the layout's order.
 * @throws {LlavaError} `mismatch` naming every tensor that is missing, extra or of another size.
 */
export function orderForPayload(
  layout: Layout,
  arrays: ReadonlyMap<string, Float32Array>,
  what: string,
): Float32Array[] {
  const problems: string[] = [];
  const ordered: Float32Array[] = [];
  for (const { name, size } of layout.tensors) {
    const array = arrays.get(name);
    if (array === undefined) problems.push(`'${name}' is missing`);
    else if (array.length !== size) problems.push(`'${name}' has ${array.length} elements instead of ${size}`);
    else ordered.push(array);
  }
  const known = new Set(layout.tensors.map(({ name }) => name));
  for (const name of arrays.keys()) if (!known.has(name)) problems.push(`'${name}' is not expected`);
  if (problems.length > 0) throw new LlavaError('mismatch', `${what}: ${problems.join('; ')}`);
  return ordered;
}
