import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { LlavaError } from '@llava-ts/telemetry';
import yauzl from 'yauzl';
import { unreadable } from '../sources/source-error.js';
import type { PictureStore } from './picture-store.js';
import { notInArchive } from './tar-store.js';

/** What is kept of an entry of the archive's directory. */
interface ZipMember {
  readonly headerAt: number;
  readonly stored: number;
  readonly size: number;
  readonly deflated: boolean;
  readonly crc: number;
}

const LOCAL_HEADER_BYTES = 30;
const inflate = promisify<Uint8Array, Buffer>(inflateRaw);

/** Pictures inside a zip archive (zip64 too); its directory is read once, when it is opened. */
export async function openZipStore(file: string): Promise<PictureStore> {
  const members = await readDirectory(file);
  const handle = await open(file);
  return {
    location: file,
    async read(name) {
      const member = members.get(name);
      if (member === undefined) throw notInArchive(file, name, members.size);
      return readMember(handle, member, `${file}: ${name}`);
    },
    close: () => handle.close(),
  };
}

async function readMember(handle: FileHandle, member: ZipMember, place: string): Promise<Uint8Array> {
  const header = await readAt(handle, member.headerAt, LOCAL_HEADER_BYTES);
  // The names' lengths here may differ from those in the directory.
  const start = member.headerAt + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  const stored = await readAt(handle, start, member.stored);
  try {
    const bytes = member.deflated ? await inflate(stored) : stored;
    if (bytes.length === member.size && crc32(bytes) === member.crc) return bytes;
  } catch {
    // what cannot be inflated is as damaged as what has another checksum
  }
  throw new LlavaError(
    'corrupt',
    `${place}: damaged inside the archive (wrong checksum); copy or download the archive again`,
  );
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await handle.read(buffer, 0, length, at);
  return buffer;
}

async function readDirectory(file: string): Promise<ReadonlyMap<string, ZipMember>> {
  const members = new Map<string, ZipMember>();
  try {
    const zip = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(file, {
      lazyEntries: true,
      autoClose: true,
    });
    await new Promise<void>((resolve, reject) => {
      zip.on('error', reject);
      zip.on('end', resolve);
      zip.on('entry', (entry: yauzl.Entry) => {
        if (!entry.fileName.endsWith('/')) members.set(entry.fileName, memberOf(entry));
        zip.readEntry();
      });
      zip.readEntry();
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== undefined) throw unreadable(file, cause);
    throw new LlavaError(
      'corrupt',
      `${file}: no zip archive, or cut short (${(cause as Error).message}); copy or download it again`,
      { cause },
    );
  }
  return members;
}

function memberOf(entry: yauzl.Entry): ZipMember {
  if (entry.isEncrypted() || ![0, 8].includes(entry.compressionMethod))
    throw new LlavaError(
      'bad-input',
      `${entry.fileName}: encrypted, or compressed with method ${entry.compressionMethod}; make the archive with plain zip`,
    );
  return {
    headerAt: entry.relativeOffsetOfLocalHeader,
    stored: entry.compressedSize,
    size: entry.uncompressedSize,
    deflated: entry.compressionMethod === 8,
    crc: entry.crc32,
  };
}
