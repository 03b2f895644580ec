import { LlavaError } from '@llava-ts/telemetry';
import sharp from 'sharp';

import { SCENE_SIZE_PX, type Ground, type Placement, type Scene } from './scene.js';
import type { Sprite, SpriteImage } from './sprites.js';

function paintGround(pixels: Uint8Array, { from, to }: Ground): void {
  const rowBytes = SCENE_SIZE_PX * 3;
  for (let y = 0; y < SCENE_SIZE_PX; y++) {
    const share = y / (SCENE_SIZE_PX - 1);
    const red = Math.round(from[0] + (to[0] - from[0]) * share);
    const green = Math.round(from[1] + (to[1] - from[1]) * share);
    const blue = Math.round(from[2] + (to[2] - from[2]) * share);
    for (let at = y * rowBytes; at < (y + 1) * rowBytes; at += 3) {
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
  }
}

/** Alpha compositing (over), rounded to the nearest level. */
function paintSprite(pixels: Uint8Array, image: SpriteImage, left: number, top: number): void {
  const { width, height, rgba } = image;
  for (let y = 0; y < height; y++) {
    let target = ((top + y) * SCENE_SIZE_PX + left) * 3;
    let source = y * width * 4;
    for (let x = 0; x < width; x++, target += 3, source += 4) {
      const alpha = rgba[source + 3] as number;
      if (alpha === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        const below = (pixels[target + channel] as number) * (255 - alpha);
        pixels[target + channel] = ((rgba[source + channel] as number) * alpha + below + 127) / 255;
      }
    }
  }
}

function spriteImage({ thing, sizePx }: Placement, sprites: readonly Sprite[]): SpriteImage {
  const image = sprites.find((sprite) => sprite.thing.name === thing.name)?.images.get(sizePx);
  if (!image) throw new LlavaError('internal', `renderScene: no sprite of "${thing.name}" at ${sizePx} px`);
  return image;
}

/**
 * Paints a scene.
 * @returns `[96, 96, 3]` uint8, rows from top to bottom, red green blue
 */
export function renderScene(scene: Scene, sprites: readonly Sprite[]): Uint8Array {
  const pixels = new Uint8Array(SCENE_SIZE_PX * SCENE_SIZE_PX * 3);
  paintGround(pixels, scene.ground);
  for (const placement of scene.placements) {
    paintSprite(pixels, spriteImage(placement, sprites), placement.box[0], placement.box[1]);
  }
  return pixels;
}

/** Paints a scene and encodes it as PNG. */
export async function sceneToPng(scene: Scene, sprites: readonly Sprite[]): Promise<Buffer> {
  const raw = { width: SCENE_SIZE_PX, height: SCENE_SIZE_PX, channels: 3 } as const;
  return sharp(renderScene(scene, sprites), { raw }).png({ compressionLevel: 6 }).toBuffer();
}
