import { LlavaError } from '@llava-ts/telemetry';

import { resizeBicubic } from './bicubic.js';
import { decodePicture, type Picture } from './decode-picture.js';

/** Red, green, blue. */
export type PerChannel = readonly [number, number, number];

/** How a picture becomes an encoder's input. */
export interface Preprocessing {
  /** Width and height of the encoder's input. */
  readonly sizePx: number;
  /** `square`: shortest edge to size, then the centre is cut out. `pad`: bars of the mean colour first, nothing is lost. */
  readonly aspect: 'square' | 'pad';
  /** Subtracted after scaling to 0..1. */
  readonly mean: PerChannel;
  /** Divided by. */
  readonly std: PerChannel;
}

/** CLIP's mean of red, green and blue (openai/clip-vit-large-patch14-336, preprocessor_config.json). */
export const CLIP_MEAN: PerChannel = [0.48145466, 0.4578275, 0.40821073];
/** CLIP's standard deviation of red, green and blue. */
export const CLIP_STD: PerChannel = [0.26862954, 0.26130258, 0.27577711];

/** LLaVA's `expand2square`: the picture in the middle of a square of the mean colour. */
function padToSquare({ width, height, rgb }: Picture, mean: PerChannel): Picture {
  const side = Math.max(width, height);
  if (width === height) return { width, height, rgb };
  const padded = new Uint8Array(side * side * 3);
  const colour = mean.map((share) => Math.trunc(share * 255));
  for (let at = 0; at < padded.length; at++) padded[at] = colour[at % 3] ?? 0;
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  for (let row = 0; row < height; row++) {
    padded.set(rgb.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * side + left) * 3);
  }
  return { width: side, height: side, rgb: padded };
}

/** Shortest edge to `sizePx`, the other one in proportion and rounded down, as CLIPImageProcessor does. */
function resizeShortestEdge(picture: Picture, sizePx: number): Picture {
  const { width, height } = picture;
  const longer = Math.trunc((sizePx * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? resizeBicubic(picture, sizePx, longer) : resizeBicubic(picture, longer, sizePx);
}

/** The normalised value of every level of a channel, rounded to float32 where CLIPImageProcessor rounds. */
function levelTable(mean: number, std: number): Float32Array {
  return Float32Array.from(
    { length: 256 },
    (_, level) => (Math.fround(level * (1 / 255)) - Math.fround(mean)) / Math.fround(std),
  );
}

/**
 * Makes an encoder's input from a decoded picture, as CLIPImageProcessor does with Pillow.
 * @returns `[3, sizePx, sizePx]` float32
 */
export function preprocessPicture(picture: Picture, { sizePx, aspect, mean, std }: Preprocessing): Float32Array {
  const whole = aspect === 'pad' ? padToSquare(picture, mean) : picture;
  const { width, height, rgb } = resizeShortestEdge(whole, sizePx);
  const [left, top] = [Math.floor((width - sizePx) / 2), Math.floor((height - sizePx) / 2)];
  const pixels = new Float32Array(3 * sizePx * sizePx);
  for (const channel of [0, 1, 2] as const) {
    const values = levelTable(mean[channel], std[channel]);
    let to = channel * sizePx * sizePx;
    for (let row = 0; row < sizePx; row++) {
      let from = ((top + row) * width + left) * 3 + channel;
      for (let column = 0; column < sizePx; column++, from += 3) pixels[to++] = values[rgb[from] as number] as number;
    }
  }
  return pixels;
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
  return preprocessPicture(await decodePicture(source, name), preprocessing);
}
