import { CLIP_MEAN, CLIP_STD, loadPixels } from '@llava-ts/data';
import type { Numbers } from './computations.js';

/** A name of golden pixels: `<file>/<aspect>/<size>`. */
export const CLIP_PIXELS = /^[^/]+\/(square|pad)\/\d+$/;

/** What CLIP sees of a folder's pictures, by names of {@link CLIP_PIXELS}. */
export async function clipPixels(folder: string, names: readonly string[]): Promise<Numbers> {
  const pixels = new Map<string, Float32Array>();
  for (const name of names) {
    const [file, aspect, size] = name.split('/') as [string, 'square' | 'pad', string];
    const options = { sizePx: Number(size), aspect, mean: CLIP_MEAN, std: CLIP_STD };
    pixels.set(name, await loadPixels(`${folder}/${file}`, options));
  }
  return pixels;
}
