import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';
import { bfloat16ToFloat32, float16ToFloat32 } from './half.js';
import { PREFIX_BYTES, headerLength, parseHeader } from './safetensors-header.js';
import type { SafetensorsHeader, TensorEntry } from './safetensors-header.js';
import { isStoredDtype, quoteName } from './tensor.js';
import type { StoredTensor } from './tensor.js';

/** A safetensors file whose header is checked and whose tensors are read one by one. */
export interface SafetensorsFile {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Reads one tensor. @throws LlavaError `not-found` for an unknown name, `bad-input` for a dtype that is not supported. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/** Largest single read: Node refuses more than 2 GiB at once. */
const READ_BYTES = 256 * 1024 * 1024;

/**
 * Opens a safetensors file and checks its whole header; the caller closes it.
 * @throws LlavaError `not-found`, or `corrupt` with file and tensor.
 */
export async function openSafetensors(file: string): Promise<SafetensorsFile> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw fileError(error, file, 'read it');
  });
  try {
    const { entries, metadata } = await readHeader(handle, file);
    return {
      entries,
      metadata,
      read: (name) => readTensor(handle, file, name, entries.get(name)),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw fileError(error, file, 'read it');
  }
}

/**
 * Reads the tensors of a safetensors file, all of them or those named; F16 and BF16 become float32.
 * @throws LlavaError `not-found`, `corrupt`, or `bad-input` for a dtype other than F32, F16, BF16, I64, I32.
 */
export async function readSafetensors(
  file: string,
  options: { readonly names?: Iterable<string> } = {},
): Promise<Map<string, StoredTensor>> {
  const opened = await openSafetensors(file);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of options.names ?? opened.entries.keys()) tensors.set(name, await opened.read(name));
    return tensors;
  } finally {
    await opened.close();
  }
}

async function readHeader(handle: FileHandle, file: string): Promise<SafetensorsHeader> {
  const { size: fileBytes } = await handle.stat();
  const prefix = new Uint8Array(Math.min(PREFIX_BYTES, fileBytes));
  await readFully(handle, prefix, 0, file);
  const header = new Uint8Array(headerLength(prefix, fileBytes, file));
  await readFully(handle, header, PREFIX_BYTES, file);
  return parseHeader(header, fileBytes, file);
}

async function readTensor(handle: FileHandle, file: string, name: string, entry?: TensorEntry): Promise<StoredTensor> {
  if (entry === undefined) throw new LlavaError('not-found', `${file}: has no tensor ${quoteName(name)}`);
  const { dtype, shape } = entry;
  if (!isStoredDtype(dtype)) {
    const what = `dtype ${quoteName(dtype)} is not supported, expected F32, F16, BF16, I64 or I32`;
    throw new LlavaError('bad-input', `${file}: tensor ${quoteName(name)}: ${what}`);
  }
  const bytes = new Uint8Array(entry.end - entry.begin); // a buffer of its own, so typed views are aligned
  await readFully(handle, bytes, entry.begin, file);
  return { dtype, shape, data: decode(bytes.buffer, dtype) };
}

function decode(bytes: ArrayBuffer, dtype: StoredTensor['dtype']): StoredTensor['data'] {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'F16':
      return float16ToFloat32(new Uint16Array(bytes));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(bytes));
    case 'I32':
      return new Int32Array(bytes);
    case 'I64':
      return new BigInt64Array(bytes);
  }
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < target.byteLength;) {
    const length = Math.min(READ_BYTES, target.byteLength - done);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0)
      throw new LlavaError('corrupt', `${file}: ended while it was read; it is being changed or cut off`);
    done += bytesRead;
  }
}
