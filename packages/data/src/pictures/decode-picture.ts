import { readFile } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';
import sharp, { type OutputInfo, type Sharp } from 'sharp';

import { rgbFromCmyk, rgbFromGrey16, withoutTransparentColour } from './pillow-colours.js';

/** A decoded picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` uint8: red, green, blue */
  readonly rgb: Uint8Array;
}

const FORMATS: readonly string[] = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'heif'];

function reason(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  return line.replace(/:$/, '');
}

async function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new LlavaError('not-found', `${file}: no such picture; check the path and the image folder`, { cause });
    throw new LlavaError('bad-input', `${file}: cannot be read (${code}); expected a picture file`, { cause });
  });
}

function refuse(name: string, format: string, cause: unknown): never {
  throw new LlavaError(
    'corrupt',
    `${name}: damaged or cut short ${format.toUpperCase()} (${reason(cause)}); copy or download the file again`,
    { cause },
  );
}

/** How to decode. */
export interface DecodeOptions {
  /** Turn the picture as its EXIF orientation says. LLaVA does not, so neither does training unless told to. */
  readonly orient?: boolean;
}

/**
 * Decodes a picture to 8-bit RGB exactly as Pillow's `Image.open(file).convert("RGB")` does, which is what LLaVA reads: alpha is dropped,
 * not blended; a palette's colours are taken, also where they are transparent; 16-bit colours lose their low byte, but 16-bit grey is
 * cut off at 255; CMYK is mixed without a colour profile, and other profiles are ignored; of an animation the first frame is taken.
 * @param source a file's path or its bytes
 * @throws LlavaError `not-found`, `bad-input` (not a picture) or `corrupt` (damaged or cut short), naming the file
 */
export async function decodePicture(
  source: string | Uint8Array,
  name = typeof source === 'string' ? source : 'picture',
  { orient = false }: DecodeOptions = {},
): Promise<Picture> {
  const file = typeof source === 'string' ? await readBytes(source) : source;
  if (file.length === 0) throw new LlavaError('corrupt', `${name}: the file is empty; copy or download it again`);
  const opened = sharp(withoutTransparentColour(file), { ignoreIcc: true });
  const { format, space, channels } = await opened.metadata().catch((cause: unknown) => {
    throw new LlavaError(
      'bad-input',
      `${name}: not a picture, or cut off in its header (${reason(cause)}); give a whole PNG, JPEG, WebP or GIF file`,
      { cause },
    );
  });
  if (!FORMATS.includes(format))
    throw new LlavaError('bad-input', `${name}: ${format} pictures are not read; give a PNG, JPEG, WebP or GIF file`);
  const decoder = orient ? opened.autoOrient() : opened;
  const read = async (pipeline: Sharp, depth: 'uchar' | 'ushort'): Promise<{ data: Buffer; info: OutputInfo }> =>
    pipeline
      .raw({ depth })
      .toBuffer({ resolveWithObject: true })
      .catch((cause: unknown) => refuse(name, format, cause));

  if (space === 'cmyk') {
    const { data, info } = await read(decoder.pipelineColourspace('cmyk').toColourspace('cmyk'), 'uchar');
    return { width: info.width, height: info.height, rgb: rgbFromCmyk(data, info.channels) };
  }
  if (space === 'grey16' && channels === 1) {
    const { data, info } = await read(decoder.toColourspace('grey16'), 'ushort');
    return { width: info.width, height: info.height, rgb: rgbFromGrey16(data) };
  }
  const { data, info } = await read(decoder.toColourspace('srgb').removeAlpha(), 'uchar');
  if (info.channels !== 3) throw new LlavaError('internal', `${name}: expected 3 channels, got ${info.channels}`);
  return { width: info.width, height: info.height, rgb: data };
}
