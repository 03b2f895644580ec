import { LlavaError } from '@llava-ts/telemetry';

import { float32ToBfloat16, float32ToFloat16 } from './half.js';
import { ELEMENT_BYTES, elementCount, quoteName } from './tensor.js';
import type { StoredDtype, WritableTensor } from './tensor.js';
import { writeChunksAtomic } from './write-atomic.js';
import type { WrittenFile } from './write-atomic.js';

/**
 * Writes a safetensors file, whole or not at all. Wider elements come first, as the reference writer does, so that every
 * tensor is aligned; within a width the order is the map's. The same tensors give the same bytes.
 * @throws LlavaError `bad-input` when a shape and its data disagree, `no-space`, `refused`.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<WrittenFile> {
  return await writeChunksAtomic(file, encodeSafetensors(tensors, metadata, file));
}

/** The bytes of a safetensors file, a chunk per tensor; `file` is for messages. Checks everything before the first chunk. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>>,
  file: string,
): Iterable<Uint8Array> {
  const ordered = [...tensors]
    .map(([name, tensor]) => ({ name, tensor, dtype: checkedDtype(name, tensor, file) }))
    .sort((a, b) => ELEMENT_BYTES[b.dtype] - ELEMENT_BYTES[a.dtype]);
  let position = 0;
  const fields = ordered.map(({ name, tensor, dtype }) => {
    const begin = position;
    position += elementCount(tensor.shape) * ELEMENT_BYTES[dtype];
    return [name, { dtype, shape: tensor.shape, data_offsets: [begin, position] }] as const;
  });
  const head = Object.keys(metadata).length > 0 ? [['__metadata__', metadata] as const] : [];
  return chunks(encodeHeader([...head, ...fields]), ordered);
}

function* chunks(
  header: Uint8Array,
  ordered: readonly { readonly tensor: WritableTensor; readonly dtype: StoredDtype }[],
): Generator<Uint8Array> {
  yield header;
  for (const { tensor, dtype } of ordered) yield encodeData(tensor, dtype);
}

/** Written by hand: an object literal would move names that look like numbers to the front, and swallow `__proto__`. */
function encodeHeader(fields: readonly (readonly [string, unknown])[]): Uint8Array {
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = Buffer.from(text);
  const padding = (8 - (json.byteLength % 8)) % 8;
  const out = Buffer.alloc(8 + json.byteLength + padding, ' ');
  out.writeBigUInt64LE(BigInt(json.byteLength + padding), 0);
  json.copy(out, 8);
  return out;
}

function checkedDtype(name: string, tensor: WritableTensor, file: string): StoredDtype {
  const { shape, data } = tensor;
  const natural: StoredDtype = data instanceof Float32Array ? 'F32' : data instanceof Int32Array ? 'I32' : 'I64';
  const dtype = tensor.dtype ?? natural;
  const where = `${file}: tensor ${quoteName(name)}`;
  if (name === '__metadata__') throw new LlavaError('bad-input', `${where}: the name is reserved`);
  if (dtype !== natural && !(natural === 'F32' && ELEMENT_BYTES[dtype] === 2)) {
    throw new LlavaError('bad-input', `${where}: ${natural} elements cannot be written as ${dtype}`);
  }
  if (elementCount(shape) !== data.length || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new LlavaError('bad-input', `${where}: shape [${shape.join(', ')}] does not fit ${data.length} elements`);
  }
  return dtype;
}

function encodeData({ data }: WritableTensor, dtype: StoredDtype): Uint8Array {
  const stored =
    dtype === 'BF16'
      ? float32ToBfloat16(data as Float32Array)
      : dtype === 'F16'
        ? float32ToFloat16(data as Float32Array)
        : data;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
