import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';
import sharp from 'sharp';

import { THING_SIZES_PX } from './compose.js';
import { THINGS, thingSize, type Thing } from './things.js';

/** A drawing in pixels. */
export interface SpriteImage {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 4]`: red, green, blue, alpha. */
  readonly rgba: Uint8Array;
}

/** A thing drawn at every size that scenes use. */
export interface Sprite {
  readonly thing: Thing;
  /** By the length of the longer side in pixels. */
  readonly images: ReadonlyMap<number, SpriteImage>;
}

const SVG_DENSITY = 288;
const VISIBLE_ALPHA = 16;

/** Left, top, width, height of what is visible. */
function visibleArea({ width, height, rgba }: SpriteImage): {
  left: number;
  top: number;
  width: number;
  height: number;
} {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((rgba[(y * width + x) * 4 + 3] ?? 0) <= VISIBLE_ALPHA) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

async function drawThing(folder: string, thing: Thing): Promise<Sprite> {
  const file = path.join(folder, 'color', 'svg', `${thing.hexcode}.svg`);
  const svg = await readFile(file).catch((cause: unknown) => {
    throw new LlavaError(
      'not-found',
      `${file}: the drawing of "${thing.name}" is missing; install the npm package openmoji 17 again`,
      { cause },
    );
  });
  const { data, info } = await sharp(svg, { density: SVG_DENSITY })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 4 } as const;
  const area = visibleArea({ width: info.width, height: info.height, rgba: data });
  const images = new Map<number, SpriteImage>();
  for (const sizePx of THING_SIZES_PX) {
    const { width, height } = thingSize(thing, sizePx);
    const rgba = await sharp(data, { raw }).extract(area).resize(width, height, { fit: 'fill' }).raw().toBuffer();
    images.set(sizePx, { width, height, rgba });
  }
  return { thing, images };
}

let loading: Promise<readonly Sprite[]> | null = null;

/**
 * Draws all things from OpenMoji's SVG files, at every size scenes use; the second call returns the first one's result.
 * @throws LlavaError `not-found` when the npm package openmoji is not installed whole
 */
export function loadThings(): Promise<readonly Sprite[]> {
  const folder = path.dirname(createRequire(import.meta.url).resolve('openmoji/package.json'));
  loading ??= Promise.all(THINGS.map((thing) => drawThing(folder, thing))).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}
