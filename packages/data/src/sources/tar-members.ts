import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { LlavaError } from '@llava-ts/telemetry';
import { unreadable } from './source-error.js';

/** A regular file inside a tar archive. */
export interface TarMember {
  readonly name: string;
  /** First byte of its content in the archive. */
  readonly start: number;
  readonly length: number;
}

const BLOCK_BYTES = 512;

/**
 * Walks through the headers of a tar archive (ustar, GNU long names, pax) without reading the files between them.
 * @throws {LlavaError} `corrupt` naming the byte where there is no header, or the archive is cut short
 */
export async function* tarMembers(file: string): AsyncGenerator<TarMember> {
  const handle = await open(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const { size: end } = await handle.stat();
    let override: { name?: string; size?: number } = {};
    let at = 0;
    while (at + BLOCK_BYTES <= end) {
      const header = await readAt(handle, at, BLOCK_BYTES);
      if (header.every((byte) => byte === 0)) return;
      const { name, size, type } = decodeHeader(header, `${file}: byte ${at}`);
      const [start, length] = [at + BLOCK_BYTES, type === 'x' || type === 'L' ? size : (override.size ?? size)];
      if (start + length > end)
        throw new LlavaError(
          'corrupt',
          `${file}: ends in the middle of ${override.name ?? name}; copy or download the archive again`,
        );
      if (type === 'L') override = { ...override, name: text(await readAt(handle, start, length)) };
      else if (type === 'x') override = { ...override, ...decodePax(await readAt(handle, start, length)) };
      else {
        if (type === '0' || type === '\0' || type === '7') yield { name: override.name ?? name, start, length };
        if (type !== 'g') override = {};
      }
      at = start + Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
    }
    if (at !== end)
      throw new LlavaError('corrupt', `${file}: ends in the middle of a block; copy or download the archive again`);
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await handle.read(buffer, 0, length, at);
  return buffer;
}

function decodeHeader(header: Buffer, place: string): { name: string; size: number; type: string } {
  let sum = 8 * 0x20; // the checksum's own field counts as spaces
  header.forEach((byte, at) => (sum += at >= 148 && at < 156 ? 0 : byte));
  if (sum !== parseInt(text(header.subarray(148, 156)).trim(), 8)) {
    throw new LlavaError(
      'corrupt',
      `${place}: expected a tar header, its checksum is wrong; give an uncompressed, whole .tar (gunzip a .tar.gz first)`,
    );
  }
  const prefix = text(header.subarray(257, 262)) === 'ustar' ? text(header.subarray(345, 500)) : '';
  const name = text(header.subarray(0, 100));
  return {
    name: prefix === '' || header[262] === 0x20 ? name : `${prefix}/${name}`, // GNU's old form keeps times there
    size: decodeSize(header.subarray(124, 136)),
    type: String.fromCharCode(header[156] ?? 0),
  };
}

/** Octal digits, or GNU's binary form for files of 8 GB and more. */
function decodeSize(field: Buffer): number {
  return field[0] === 0x80 ? Number(field.readBigUInt64BE(4)) : parseInt(text(field).trim() || '0', 8);
}

/** Records `LENGTH key=value\n`. */
function decodePax(bytes: Buffer): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('utf8', at, space));
    if (space < 0 || !(length > 0)) break;
    const [key, ...value] = bytes.toString('utf8', space + 1, at + length - 1).split('=');
    if (key === 'path') found.name = value.join('=');
    if (key === 'size') found.size = Number(value.join('='));
    at += length;
  }
  return found;
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
