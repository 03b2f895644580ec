import { readFile } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';
import sharp from 'sharp';

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

/**
 * Decodes a picture to 8-bit RGB as Pillow's `convert("RGB")` does: alpha is dropped, not blended; colour profiles and EXIF
 * orientation are ignored; of an animation the first frame is taken.
 * @param source a file's path or its bytes
 * @throws LlavaError `not-found`, `bad-input` (not a picture) or `corrupt` (damaged or cut short), naming the file
 */
export async function decodePicture(
  source: string | Uint8Array,
  name = typeof source === 'string' ? source : 'picture',
): Promise<Picture> {
  const bytes = typeof source === 'string' ? await readBytes(source) : source;
  if (bytes.length === 0) throw new LlavaError('corrupt', `${name}: the file is empty; copy or download it again`);
  const decoder = sharp(bytes, { ignoreIcc: true });
  const { format } = await decoder.metadata().catch((cause: unknown) => {
    throw new LlavaError(
      'bad-input',
      `${name}: not a picture, or cut off in its header (${reason(cause)}); give a whole PNG, JPEG, WebP or GIF file`,
      { cause },
    );
  });
  if (!FORMATS.includes(format))
    throw new LlavaError('bad-input', `${name}: ${format} pictures are not read; give a PNG, JPEG, WebP or GIF file`);
  const { data, info } = await decoder
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new LlavaError(
        'corrupt',
        `${name}: damaged or cut short ${format.toUpperCase()} (${reason(cause)}); copy or download the file again`,
        { cause },
      );
    });
  if (info.channels !== 3) throw new LlavaError('internal', `${name}: expected 3 channels, got ${info.channels}`);
  return { width: info.width, height: info.height, rgb: data };
}
