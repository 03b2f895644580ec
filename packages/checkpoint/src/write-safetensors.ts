import { LlavaError } from '@llava-ts/telemetry';

import { encodeElements, isWritableAs, naturalDtype } from './elements.js';
import { ELEMENT_BYTES, elementCount, quoteName, tensorBytes } from './tensor.js';
import type { DeferredTensor, StoredDtype, TensorData, WritableTensor } from './tensor.js';
import { writeChunksAtomic } from './write-atomic.js';
import type { WrittenFile } from './write-atomic.js';

/** Tensors to be written, by name. */
export type TensorsToWrite = ReadonlyMap<string, WritableTensor | DeferredTensor>;

/**
 * Writes a safetensors file, whole or not at all. Wider elements come first, as the reference writer does, so that every
 * tensor is aligned; within a width the order is the map's. The same tensors give the same bytes.
 * @throws LlavaError `bad-input` when a shape and its data disagree, `no-space`, `refused`.
 */
export async function writeSafetensors(
  file: string,
  tensors: TensorsToWrite,
  metadata: Readonly<Record<string, string>> = {},
): Promise<WrittenFile> {
  return await writeChunksAtomic(file, encodeSafetensors(tensors, metadata, file));
}

/**
 * The bytes of a safetensors file, a chunk per tensor; `file` is for messages. All that is in memory is checked before the
 * first chunk, a deferred tensor when it is read.
 */
export function encodeSafetensors(
  tensors: TensorsToWrite,
  metadata: Readonly<Record<string, string>>,
  file: string,
): AsyncIterable<Uint8Array> {
  const ordered = [...tensors]
    .map(([name, tensor]) => checked(name, tensor, file))
    .sort((a, b) => ELEMENT_BYTES[b.dtype] - ELEMENT_BYTES[a.dtype]);
  let position = 0;
  const fields = ordered.map(({ name, shape, dtype }) => {
    const begin = position;
    position += tensorBytes({ dtype, shape });
    return [name, { dtype, shape, data_offsets: [begin, position] }] as const;
  });
  const head = Object.keys(metadata).length > 0 ? [['__metadata__', metadata] as const] : [];
  return chunks(encodeHeader([...head, ...fields]), ordered, file);
}

/** A tensor whose name, type and shape may stand in a file. */
interface CheckedTensor extends DeferredTensor {
  readonly name: string;
}

async function* chunks(
  header: Uint8Array,
  ordered: readonly CheckedTensor[],
  file: string,
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const { name, dtype, shape, read } of ordered) {
    const data = await read();
    checkData(data, { dtype, shape }, `${file}: tensor ${quoteName(name)}`);
    yield encodeElements(data, dtype);
  }
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

function checked(name: string, tensor: WritableTensor | DeferredTensor, file: string): CheckedTensor {
  const where = `${file}: tensor ${quoteName(name)}`;
  if (name === '__metadata__') throw new LlavaError('bad-input', `${where}: the name is reserved`);
  if ('read' in tensor) return { name, dtype: tensor.dtype, shape: tensor.shape, read: tensor.read };
  const { shape, data, dtype = naturalDtype(data) } = tensor;
  checkData(data, { dtype, shape }, where);
  return { name, dtype, shape, read: () => Promise.resolve(data) };
}

function checkData(
  data: TensorData,
  { dtype, shape }: { readonly dtype: StoredDtype; readonly shape: readonly number[] },
  where: string,
): void {
  if (!isWritableAs(data, dtype))
    throw new LlavaError('bad-input', `${where}: ${naturalDtype(data)} elements cannot be written as ${dtype}`);
  if (elementCount(shape) !== data.length || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new LlavaError('bad-input', `${where}: shape [${shape.join(', ')}] does not fit ${data.length} elements`);
  }
}
