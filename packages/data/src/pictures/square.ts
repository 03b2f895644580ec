import type { Picture } from './decode-picture.js';
import type { ResizeFilter } from './filters.js';
import { resizePicture } from './resize.js';

/** Red, green, blue. */
export type PerChannel = readonly [number, number, number];

/** A picture in the middle of a canvas of one colour; an odd pixel of room goes to the right and to the bottom. */
export function placeOnCanvas(
  { width, height, rgb }: Picture,
  canvas: { readonly width: number; readonly height: number; readonly colour: PerChannel },
): Picture {
  const line = new Uint8Array(canvas.width * 3);
  for (let at = 0; at < line.length; at++) line[at] = canvas.colour[at % 3] ?? 0;
  const placed = new Uint8Array(line.length * canvas.height);
  const left = Math.floor((canvas.width - width) / 2) * 3;
  const top = Math.floor((canvas.height - height) / 2);
  for (let row = 0; row < canvas.height; row++) {
    placed.set(line, row * line.length);
    const from = (row - top) * width * 3;
    if (row >= top && row < top + height) placed.set(rgb.subarray(from, from + width * 3), row * line.length + left);
  }
  return { width: canvas.width, height: canvas.height, rgb: placed };
}

/** LLaVA's `expand2square`: the picture in the middle of a square of the mean colour. */
export function padToSquare(picture: Picture, mean: PerChannel): Picture {
  const side = Math.max(picture.width, picture.height);
  if (picture.width === picture.height) return picture;
  const [red, green, blue] = mean.map((share) => Math.trunc(share * 255)) as [number, number, number];
  return placeOnCanvas(picture, { width: side, height: side, colour: [red, green, blue] });
}

/** CLIPImageProcessor's way: the shortest edge to `sizePx`, the other in proportion and rounded down, then the centre cut out. */
export function cutSquare({ width, height, rgb }: Picture, sizePx: number, filter: ResizeFilter): Picture {
  const longer = Math.trunc((sizePx * Math.max(width, height)) / Math.min(width, height));
  const size = width <= height ? { width: sizePx, height: longer } : { width: longer, height: sizePx };
  const [left, top] = [Math.floor((size.width - sizePx) / 2), Math.floor((size.height - sizePx) / 2)];
  return resizePicture({ width, height, rgb }, { ...size, filter, crop: { left, top, width: sizePx, height: sizePx } });
}
