import { LlavaError } from '@llava-ts/telemetry';

import type { Picture } from './decode-picture.js';
import { normalisePicture, preprocessPicture, type Preprocessing } from './preprocess.js';
import { resizePicture } from './resize.js';
import { placeOnCanvas } from './square.js';

/** Width and height in pixels. */
export type Resolution = readonly [width: number, height: number];

/** LLaVA-1.6's `image_grid_pinpoints` for an encoder of 336 pixels: the canvases that a picture may be cut into tiles from. */
export const ANYRES_336: readonly Resolution[] = [
  [336, 672],
  [672, 336],
  [672, 672],
  [1008, 336],
  [336, 1008],
];

/** A picture as LLaVA-1.6 shows it to the encoder: once as a whole and once in tiles. */
export interface AnyresPixels {
  /** `[1 + tiles, 3, sizePx, sizePx]` float32: the whole picture, squashed, then the tiles row by row */
  readonly pixels: Float32Array;
  /** Tiles side by side and one above the other. */
  readonly grid: { readonly columns: number; readonly rows: number };
  /** The picture's own size, which `unpaddedGrid` needs. */
  readonly original: { readonly width: number; readonly height: number };
}

/**
 * The canvas on which most of the picture's pixels survive, and among those the one that wastes least (`select_best_resolution`).
 * @throws LlavaError `bad-input` when there is none to choose from
 */
export function bestResolution(
  { width, height }: { readonly width: number; readonly height: number },
  resolutions: readonly Resolution[],
): Resolution {
  let best: { resolution: Resolution; used: number; wasted: number } | null = null;
  for (const resolution of resolutions) {
    const scale = Math.min(resolution[0] / width, resolution[1] / height);
    const used = Math.min(Math.trunc(width * scale) * Math.trunc(height * scale), width * height);
    const wasted = resolution[0] * resolution[1] - used;
    if (!best || used > best.used || (used === best.used && wasted < best.wasted)) best = { resolution, used, wasted };
  }
  if (!best) throw new LlavaError('bad-input', 'image_grid_pinpoints: expected at least one resolution, got none');
  return best.resolution;
}

/** The picture in proportion on a black canvas (`resize_and_pad_image`). */
function fitOnCanvas(picture: Picture, [canvasWidth, canvasHeight]: Resolution): Picture {
  const [across, down] = [canvasWidth / picture.width, canvasHeight / picture.height];
  const size =
    across < down
      ? { width: canvasWidth, height: Math.min(Math.ceil(picture.height * across), canvasHeight) }
      : { width: Math.min(Math.ceil(picture.width * down), canvasWidth), height: canvasHeight };
  return placeOnCanvas(resizePicture(picture, size), { width: canvasWidth, height: canvasHeight, colour: [0, 0, 0] });
}

function tileOf(
  { width, rgb }: Picture,
  { left, top, sizePx }: { left: number; top: number; sizePx: number },
): Picture {
  const tile = new Uint8Array(sizePx * sizePx * 3);
  for (let row = 0; row < sizePx; row++) {
    const from = ((top + row) * width + left) * 3;
    tile.set(rgb.subarray(from, from + sizePx * 3), row * sizePx * 3);
  }
  return { width: sizePx, height: sizePx, rgb: tile };
}

/**
 * LLaVA-1.6's anyres (`process_anyres_image`, llava/mm_utils.py): the picture on the canvas that fits it best, cut into squares of the
 * encoder's size, with the whole picture in front. Canvases are always filled bicubically and with black, as there.
 * @throws LlavaError `bad-input` when a canvas is not a whole number of tiles
 */
export function preprocessAnyres(
  picture: Picture,
  preprocessing: Omit<Preprocessing, 'aspect'> & { readonly resolutions: readonly Resolution[] },
): AnyresPixels {
  const { sizePx, resolutions } = preprocessing;
  const canvas = bestResolution(picture, resolutions);
  const [columns, rows] = [canvas[0] / sizePx, canvas[1] / sizePx];
  if (!Number.isInteger(columns) || !Number.isInteger(rows)) {
    throw new LlavaError(
      'bad-input',
      `image_grid_pinpoints: expected multiples of the encoder's ${sizePx} pixels, got ${canvas.join(' x ')}`,
    );
  }
  const fitted = fitOnCanvas(picture, canvas);
  const area = 3 * sizePx * sizePx;
  const pixels = new Float32Array((1 + columns * rows) * area);
  pixels.set(preprocessPicture(picture, { ...preprocessing, aspect: 'square', fit: 'stretch', filter: 'bicubic' }));
  for (let tile = 0; tile < columns * rows; tile++) {
    const corner = { left: (tile % columns) * sizePx, top: Math.floor(tile / columns) * sizePx, sizePx };
    normalisePicture(tileOf(fitted, corner), preprocessing, pixels.subarray((1 + tile) * area, (2 + tile) * area));
  }
  return { pixels, grid: { columns, rows }, original: { width: picture.width, height: picture.height } };
}

/**
 * Which part of the tiles' features shows the picture and not the black bars (`unpad_image`, llava/model/llava_arch.py).
 * @param features width and height of all tiles' features laid side by side, in patches
 * @returns first and behind the last column and row
 */
export function unpaddedGrid(
  original: { readonly width: number; readonly height: number },
  features: { readonly width: number; readonly height: number },
): { left: number; right: number; top: number; bottom: number } {
  const whole = { left: 0, right: features.width, top: 0, bottom: features.height };
  if (original.width / original.height > features.width / features.height) {
    const used = Math.trunc(original.height * (features.width / original.width));
    const bar = Math.floor((features.height - used) / 2);
    return { ...whole, top: bar, bottom: features.height - bar };
  }
  const used = Math.trunc(original.width * (features.height / original.height));
  const bar = Math.floor((features.width - used) / 2);
  return { ...whole, left: bar, right: features.width - bar };
}
