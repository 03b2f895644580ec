import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';

import { decodeElements } from '../elements.js';
import { fileError } from '../file-error.js';
import type { OpenWeights } from '../open-weights.js';
import { readFully } from '../read-fully.js';
import { ELEMENT_BYTES, elementCount, quoteName } from '../tensor.js';
import type { StoredTensor } from '../tensor.js';
import { isKind } from './pickle-values.js';
import type { PickleValue, TorchTensor } from './pickle-values.js';
import { unpickle } from './unpickle.js';
import { listArchive } from './zip-archive.js';
import type { Archive } from './zip-archive.js';

/** A state dict's pickle is names and shapes; what is larger is something else. */
const MAX_PICKLE_BYTES = 256 * 1024 * 1024;

/** First bytes of a zip file. */
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

/**
 * Opens a file of `torch.save` (PyTorch 1.6 or newer: a zip with a pickle and one entry per storage) that holds a state
 * dict. Nothing in it is executed, see {@link unpickle}; tensors are read one by one.
 * @throws LlavaError `not-found`, `corrupt`; `refused` for a pickle that names anything but tensors; `bad-input` for PyTorch's older format
 */
export async function openTorch(file: string): Promise<OpenWeights> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw fileError(error, file, 'read it');
  });
  try {
    await checkIsZip(handle, file);
    const archive = await listArchive(file);
    const tensors = await readStateDict(handle, archive, file);
    return {
      entries: new Map([...tensors].map(([name, { storage, shape }]) => [name, { dtype: storage.dtype, shape }])),
      read: (name) => readTensor(handle, { archive, file, name }, tensors.get(name)),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw fileError(error, file, 'read it');
  }
}

async function checkIsZip(handle: FileHandle, file: string): Promise<void> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(4), 0, 4, 0);
  if (bytesRead === 4 && ZIP_MAGIC.every((byte, index) => buffer[index] === byte)) return;
  throw new LlavaError(
    'bad-input',
    `${file}: is not a zip file; a file of PyTorch before 1.6 must be loaded and saved once with a newer one: ` +
      'torch.save(torch.load(FILE, weights_only=True), FILE)',
  );
}

async function readStateDict(handle: FileHandle, archive: Archive, file: string): Promise<Map<string, TorchTensor>> {
  const pickle = archive.entries.get('data.pkl');
  if (pickle === undefined)
    throw new LlavaError('bad-input', `${file}: has no data.pkl; expected a file of torch.save`);
  if (pickle.bytes > MAX_PICKLE_BYTES)
    throw new LlavaError('refused', `${file}: a pickle of ${pickle.bytes} bytes, at most ${MAX_PICKLE_BYTES} expected`);
  await checkByteOrder(handle, archive, file);
  const bytes = new Uint8Array(pickle.bytes);
  await readFully(handle, bytes, pickle.begin, file);
  return stateDictOf(unpickle(bytes, file), file);
}

async function checkByteOrder(handle: FileHandle, { entries }: Archive, file: string): Promise<void> {
  const entry = entries.get('byteorder');
  if (entry === undefined) return;
  const bytes = new Uint8Array(Math.min(entry.bytes, 16));
  await readFully(handle, bytes, entry.begin, file);
  const order = Buffer.from(bytes).toString('latin1').trim();
  if (order !== 'little')
    throw new LlavaError('bad-input', `${file}: its byte order is ${quoteName(order)}, expected little`);
}

/** The tensors of a state dict, or of one under the key `state_dict`. */
function stateDictOf(value: PickleValue, file: string): Map<string, TorchTensor> {
  const dictionary = value instanceof Map && value.get('state_dict') instanceof Map ? value.get('state_dict') : value;
  if (!(dictionary instanceof Map))
    throw new LlavaError('bad-input', `${file}: expected a state dict: a dictionary of tensors`);
  const tensors = new Map<string, TorchTensor>();
  for (const [name, tensor] of dictionary) {
    if (typeof name !== 'string' || !isKind(tensor, 'tensor')) {
      const what = quoteName(String(typeof name === 'object' ? '(a key that is no text)' : name));
      throw new LlavaError('bad-input', `${file}: expected a state dict, but ${what} is no tensor`);
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

async function readTensor(
  handle: FileHandle,
  { archive, file, name }: { archive: Archive; file: string; name: string },
  tensor: TorchTensor | undefined,
): Promise<StoredTensor> {
  if (tensor === undefined) throw new LlavaError('not-found', `${file}: has no tensor ${quoteName(name)}`);
  const { storage, offset, shape, strides } = tensor;
  const width = ELEMENT_BYTES[storage.dtype];
  const entry = archive.entries.get(`data/${storage.key}`);
  if (entry === undefined || entry.bytes !== storage.elements * width) {
    const found = entry === undefined ? 'is missing' : `has ${entry.bytes} bytes, expected ${storage.elements * width}`;
    throw new LlavaError(
      'corrupt',
      `${file}: tensor ${quoteName(name)}: its storage ${quoteName(storage.key)} ${found}`,
    );
  }
  const span = shape.includes(0) ? 0 : shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 1);
  const bytes = new Uint8Array(span * width);
  await readFully(handle, bytes, entry.begin + offset * width, file);
  const elements = isContiguous(shape, strides) ? bytes : gather(bytes, { shape, strides, width });
  return { dtype: storage.dtype, shape, data: decodeElements(elements.buffer as ArrayBuffer, storage.dtype) };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis] ?? 1;
  }
  return true;
}

/** A view with other strides (a transposed matrix, say), element by element in row-major order. */
function gather(
  bytes: Uint8Array,
  { shape, strides, width }: { shape: readonly number[]; strides: readonly number[]; width: number },
): Uint8Array {
  const count = elementCount(shape);
  const out = new Uint8Array(count * width);
  const position = shape.map(() => 0);
  for (let element = 0, at = 0; element < count; element++) {
    out.set(bytes.subarray(at * width, (at + 1) * width), element * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (position[axis] ?? 0) + 1;
      const wraps = next === shape[axis];
      position[axis] = wraps ? 0 : next;
      at += (strides[axis] ?? 0) * (wraps ? 1 - next : 1);
      if (!wraps) break;
    }
  }
  return out;
}
