import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';

import { decodeElements } from './elements.js';
import { fileError } from './file-error.js';
import { readFully } from './read-fully.js';
import { PREFIX_BYTES, headerLength, parseHeader } from './safetensors-header.js';
import type { SafetensorsHeader, TensorEntry } from './safetensors-header.js';
import { ELEMENT_BYTES, isStoredDtype, quoteName } from './tensor.js';
import type { StoredTensor } from './tensor.js';

/** A safetensors file whose header is checked and whose tensors are read one by one. */
export interface SafetensorsFile {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Reads one tensor. @throws LlavaError `not-found` for an unknown name, `bad-input` for a dtype that is not supported. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

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
 * Reads the tensors of a safetensors file, all of them or those named; floats of every width become float32.
 * @throws LlavaError `not-found`, `corrupt`, or `bad-input` for a dtype that is not in {@link StoredTensor}.
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
    const what = `dtype ${quoteName(dtype)} is not supported, expected one of ${Object.keys(ELEMENT_BYTES).join(', ')}`;
    throw new LlavaError('bad-input', `${file}: tensor ${quoteName(name)}: ${what}`);
  }
  const bytes = new Uint8Array(entry.end - entry.begin); // a buffer of its own, so typed views are aligned
  await readFully(handle, bytes, entry.begin, file);
  return { dtype, shape, data: decodeElements(bytes.buffer, dtype) };
}
