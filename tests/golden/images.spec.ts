import { fileURLToPath } from 'node:url';

import { readSafetensors } from '@llava-ts/checkpoint';
import { CLIP_MEAN, CLIP_STD, loadPixels } from '@llava-ts/data';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('images', import.meta.url));

it('gives the pixels of CLIPImageProcessor on Pillow for every picture, aspect and size', async () => {
  const expected = await readSafetensors(`${folder}/expected.safetensors`);
  expect(expected.size).toBe(20);
  for (const [name, { data }] of expected) {
    const [file, aspect, size] = name.split('/') as [string, 'square' | 'pad', string];
    const pixels = await loadPixels(`${folder}/${file}`, {
      sizePx: Number(size),
      aspect,
      mean: CLIP_MEAN,
      std: CLIP_STD,
    });
    expect(pixels.length, name).toBe(data.length);
    // One level of 255 is at least 0.014 here, so this allows rounding of float32 only.
    const worst = pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - Number(data[at]))), 0);
    expect(worst, `largest difference in ${name}`).toBeLessThan(1e-6);
  }
});
