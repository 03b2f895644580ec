import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@llava-ts/checkpoint';
import { expect, it } from 'vitest';
import { clipPixels } from './clip-pixels.js';

const folder = fileURLToPath(new URL('images', import.meta.url));

it('gives the pixels of CLIPImageProcessor on Pillow for every picture, aspect and size', async () => {
  const expected = await readSafetensors(`${folder}/expected.safetensors`);
  expect(expected.size).toBe(20);
  const computed = await clipPixels(folder, [...expected.keys()]);
  for (const [name, { data }] of expected) {
    const pixels = computed.get(name)!;
    expect(pixels.length, name).toBe(data.length);
    // One level of 255 is at least 0.014 here, so this allows rounding of float32 only.
    const worst = Array.from(pixels).reduce((most, value, at) => Math.max(most, Math.abs(value - Number(data[at]))), 0);
    expect(worst, `largest difference in ${name}`).toBeLessThan(1e-6);
  }
});
