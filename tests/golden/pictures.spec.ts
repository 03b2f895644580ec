import { fileURLToPath } from 'node:url';

import { readSafetensors } from '@llava-ts/checkpoint';
import {
  CLIP_MEAN,
  CLIP_STD,
  SIGLIP_MEAN_STD,
  decodePicture,
  normalisePicture,
  preprocessAnyres,
  resizePicture,
  type ResizeFilter,
} from '@llava-ts/data';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('pictures', import.meta.url));
const expected = await readSafetensors(`${folder}/expected.safetensors`);

/** Golden tensors whose name starts with a kind: the rest of the name, and the numbers. */
function goldens(kind: string): [string, ArrayLike<number>][] {
  const found = [...expected].filter(([name]) => name.startsWith(`${kind}/`));
  return found.map(([name, { data }]) => [name.slice(kind.length + 1), data as ArrayLike<number>]);
}

function worst(values: ArrayLike<number>, golden: ArrayLike<number>): number {
  expect(values.length).toBe(golden.length);
  let most = 0;
  for (let at = 0; at < golden.length; at++) most = Math.max(most, Math.abs(values[at]! - golden[at]!));
  return most;
}

// made by make_pictures.py
describe('pictures as Pillow and transformers make them', () => {
  it.each(goldens('decode'))('%s decodes to the same levels', async (name, golden) => {
    expect(worst((await decodePicture(`${folder}/${name}`)).rgb, golden)).toBe(0);
  });

  it.each(goldens('orient'))('%s is turned as its EXIF orientation says, if wanted', async (name, golden) => {
    const { rgb } = await decodePicture(`${folder}/${name}`, name, { orient: true });
    expect(worst(rgb, golden)).toBe(0);
  });

  it.each(goldens('resize'))('resizing to the same levels: %s', async (name, golden) => {
    const [filter, size] = name.split('/') as [ResizeFilter, string];
    const [width = 0, height = 0] = size.split('x').map(Number);
    const picture = await decodePicture(`${folder}/rgba.png`);
    expect(worst(resizePicture(picture, { width, height, filter }).rgb, golden)).toBe(0);
  });

  it.each(goldens('siglip'))('SigLIP input: %s', async (name, golden) => {
    const [file, filter] = name.split('/') as [string, ResizeFilter];
    const resized = resizePicture(await decodePicture(`${folder}/${file}`), { width: 20, height: 28, filter });
    expect(worst(normalisePicture(resized, { mean: SIGLIP_MEAN_STD, std: SIGLIP_MEAN_STD }), golden)).toBeLessThan(
      1e-6,
    );
  });

  it.each(goldens('anyres'))('anyres tiles of a picture of %s', async (name, golden) => {
    const { pixels } = preprocessAnyres(await decodePicture(`${folder}/anyres-${name}.png`), {
      sizePx: 28,
      mean: CLIP_MEAN,
      std: CLIP_STD,
      resolutions: [[28, 56], [56, 28], [56, 56], [84, 28], [28, 84]], // prettier-ignore
    });
    expect(worst(pixels, golden)).toBeLessThan(1e-6);
  });
});
