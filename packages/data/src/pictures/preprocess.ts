import { LlavaError } from '@llava-ts/telemetry';

import { decodePicture, type Picture } from './decode-picture.js';
import type { ResizeFilter } from './filters.js';
import { resizePicture } from './resize.js';
import { cutSquare, padToSquare, type PerChannel } from './square.js';

/** How a picture becomes an encoder's input. */
export interface Preprocessing {
  /** Width and height of the encoder's input. */
  readonly sizePx: number;
  /** LLaVA's image_aspect_ratio. `pad`: bars of the mean colour make it square first, nothing is lost. `square`: no bars. */
  readonly aspect: 'square' | 'pad';
  /** `cut` (the default): shortest edge to size, then the centre is cut out, as for CLIP. `stretch`: both edges to size, as for SigLIP. */
  readonly fit?: 'cut' | 'stretch';
  /** Pillow's filter for resizing; `bicubic` unless given. */
  readonly filter?: ResizeFilter;
  /** Turn pictures as their EXIF orientation says; LLaVA does not. */
  readonly orient?: boolean;
  /** Subtracted after scaling to 0..1. */
  readonly mean: PerChannel;
  /** Divided by. */
  readonly std: PerChannel;
}

/** CLIP's mean of red, green and blue (openai/clip-vit-large-patch14-336, preprocessor_config.json). */
export const CLIP_MEAN: PerChannel = [0.48145466, 0.4578275, 0.40821073];
/** CLIP's standard deviation of red, green and blue. */
export const CLIP_STD: PerChannel = [0.26862954, 0.26130258, 0.27577711];
/** SigLIP's mean and standard deviation alike (google/siglip-so400m-patch14-384, preprocessor_config.json). */
export const SIGLIP_MEAN_STD: PerChannel = [0.5, 0.5, 0.5];

/** The normalised value of every level of a channel, rounded to float32 where the processors round. */
function levelTable(mean: number, std: number): Float32Array {
  return Float32Array.from(
    { length: 256 },
    (_, level) => (Math.fround(level * (1 / 255)) - Math.fround(mean)) / Math.fround(std),
  );
}

/**
 * Levels to normalised values, channels first.
 * @param pixels `[3, height, width]` float32 to fill
 */
export function normalisePicture(
  { rgb, width, height }: Picture,
  { mean, std }: Pick<Preprocessing, 'mean' | 'std'>,
  pixels = new Float32Array(3 * width * height),
): Float32Array {
  const area = width * height;
  const [red, green, blue] = [0, 1, 2].map((channel) => levelTable(mean[channel] ?? 0, std[channel] ?? 1)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let at = 0, from = 0; at < area; at++, from += 3) {
    pixels[at] = red[rgb[from] as number] as number;
    pixels[at + area] = green[rgb[from + 1] as number] as number;
    pixels[at + 2 * area] = blue[rgb[from + 2] as number] as number;
  }
  return pixels;
}

/**
 * Makes an encoder's input from a decoded picture, as CLIPImageProcessor and SiglipImageProcessor do with Pillow.
 * @returns `[3, sizePx, sizePx]` float32
 */
export function preprocessPicture(picture: Picture, preprocessing: Preprocessing): Float32Array {
  const { sizePx, aspect, fit = 'cut', filter = 'bicubic', mean } = preprocessing;
  const whole = aspect === 'pad' ? padToSquare(picture, mean) : picture;
  const square =
    fit === 'cut' ? cutSquare(whole, sizePx, filter) : resizePicture(whole, { width: sizePx, height: sizePx, filter });
  return normalisePicture(square, preprocessing);
}

/**
 * Decodes and preprocesses a picture.
 * @param source a file's path or its bytes
 * @returns `[3, sizePx, sizePx]` float32
 * @throws LlavaError `not-found`, `bad-input` or `corrupt`, naming the file
 */
export async function loadPixels(
  source: string | Uint8Array,
  preprocessing: Preprocessing,
  name?: string,
): Promise<Float32Array> {
  if (!Number.isInteger(preprocessing.sizePx) || preprocessing.sizePx < 1) {
    throw new LlavaError(
      'bad-input',
      `preprocessing.sizePx: expected a positive whole number, got ${preprocessing.sizePx}`,
    );
  }
  const { orient = false } = preprocessing;
  return preprocessPicture(await decodePicture(source, name, { orient }), preprocessing);
}
