import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import sharp from 'sharp';

import { decodePicture } from '../pictures/decode-picture.js';
import type { PictureSource } from '../sources/sample-set.js';
import { digest } from './digest.js';
import type { Finding } from './finding.js';

/** What was found out about a picture. */
export interface PictureFacts {
  readonly findings: readonly Pick<Finding, 'kind' | 'message'>[];
  /** Of its bytes; null when it is not there. */
  readonly digest: string | null;
}

/** How the bytes of a format begin, and the endings that its files have. */
const FORMATS: readonly { name: string; endings: readonly string[]; magic: (bytes: Buffer) => boolean }[] = [
  { name: 'JPEG', endings: ['jpg', 'jpeg', 'jpe'], magic: (bytes) => bytes.readUIntBE(0, 3) === 0xffd8ff },
  { name: 'PNG', endings: ['png'], magic: (bytes) => bytes.readUInt32BE(0) === 0x89504e47 },
  { name: 'GIF', endings: ['gif'], magic: (bytes) => bytes.toString('latin1', 0, 4) === 'GIF8' },
  { name: 'WebP', endings: ['webp'], magic: (bytes) => bytes.toString('latin1', 8, 12) === 'WEBP' },
  {
    name: 'TIFF',
    endings: ['tif', 'tiff'],
    magic: (bytes) => ['II*\0', 'MM\0*'].includes(bytes.toString('latin1', 0, 4)),
  },
  { name: 'BMP', endings: ['bmp'], magic: (bytes) => bytes.toString('latin1', 0, 2) === 'BM' },
];

/** Reads and decodes a picture: is it there, whole, what its name says, and not too large. Never throws for a bad one. */
export async function examinePicture(source: PictureSource, maxPixels: number): Promise<PictureFacts> {
  let bytes: Uint8Array;
  try {
    bytes = await source.read();
  } catch (error) {
    if (!(error instanceof LlavaError) || error.code === 'unavailable' || error.code === 'refused') throw error;
    const kind = error.code === 'not-found' ? 'missing-picture' : 'corrupt-picture';
    return { findings: [{ kind, message: error.message }], digest: null };
  }
  return { findings: await problemsOf(bytes, source.name, maxPixels), digest: digest(bytes) };
}

async function problemsOf(bytes: Uint8Array, name: string, maxPixels: number): Promise<PictureFacts['findings']> {
  try {
    // what has no header is found by decoding
    const { width, height } = await sharp(bytes)
      .metadata()
      .catch(() => ({ width: 0, height: 0 }));
    const oversized = width * height > maxPixels;
    if (!oversized) await decodePicture(bytes, name);
    const message = `${name}: ${width} x ${height} pixels, the limit is ${maxPixels}; make it smaller, it is resized anyway`;
    return [...misnamed(bytes, name), ...(oversized ? [{ kind: 'oversized-picture' as const, message }] : [])];
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    return [{ kind: 'corrupt-picture', message: error.message }];
  }
}

function misnamed(bytes: Uint8Array, name: string): PictureFacts['findings'] {
  const head = Buffer.alloc(12);
  head.set(bytes.subarray(0, 12));
  const ending = path.extname(name).slice(1).toLowerCase();
  const format = FORMATS.find(({ magic }) => magic(head));
  if (format === undefined || ending === '' || format.endings.includes(ending)) return [];
  return [
    {
      kind: 'misnamed-picture',
      message: `${name}: is a ${format.name}; it is read by its content, other programs may not`,
    },
  ];
}
