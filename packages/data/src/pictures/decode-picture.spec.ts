import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodePicture } from './decode-picture.js';

const noise = Buffer.from(Array.from({ length: 40 * 30 * 4 }, (_, at) => (at * at * 31) % 256));
const rgba = sharp(noise, { raw: { width: 40, height: 30, channels: 4 } });
const rgb = rgba.clone().removeAlpha();
const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);

describe('decodePicture', () => {
  it('drops alpha without blending', async () => {
    const { rgb: pixels } = await decodePicture(await rgba.clone().png().toBuffer());
    expect([...pixels.subarray(0, 6)]).toEqual([...noise.subarray(0, 3), ...noise.subarray(4, 7)]);
  });

  it.each([
    ['JPEG', () => rgb.clone().jpeg()],
    ['WebP', () => rgb.clone().webp({ lossless: true })],
    ['GIF', () => rgb.clone().gif()],
    ['grey PNG', () => rgb.clone().greyscale().png()],
    ['grey PNG with alpha', () => rgba.clone().greyscale().png()],
    ['16-bit PNG', () => rgb.clone().toColourspace('rgb16').png()],
    ['palette PNG', () => rgb.clone().png({ palette: true })],
    ['CMYK JPEG', () => rgb.clone().toColourspace('cmyk').jpeg()],
  ])('gives three channels of 8 bits for %s', async (_name, encode) => {
    const picture = await decodePicture(await encode().toBuffer());
    expect(picture).toMatchObject({ width: 40, height: 30 });
    expect(picture.rgb).toHaveLength(40 * 30 * 3);
  });

  it('keeps 16-bit levels where they were and ignores the orientation tag', async () => {
    const deep = await decodePicture(await rgb.clone().toColourspace('rgb16').png().toBuffer());
    expect(deep.rgb[5]).toBe(noise[6]);
    const turned = await rgb.clone().withMetadata({ orientation: 6 }).png().toBuffer();
    expect(await decodePicture(turned)).toMatchObject({ width: 40, height: 30 });
  });

  it.each([
    [
      'a cut PNG',
      async () => half(await rgb.clone().png().toBuffer()),
      'corrupt',
      /^x\.png: damaged or cut short PNG \(.+\); copy/,
    ],
    [
      'a cut JPEG',
      async () => half(await rgb.clone().jpeg().toBuffer()),
      'corrupt',
      /^x\.png: damaged or cut short JPEG/,
    ],
    ['a text', () => Promise.resolve(Buffer.from('hello')), 'bad-input', /^x\.png: not a picture/],
    [
      'an SVG',
      () => Promise.resolve(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
      'bad-input',
      /svg pictures are not read/,
    ],
    ['nothing', () => Promise.resolve(Buffer.alloc(0)), 'corrupt', /^x\.png: the file is empty/],
  ] as const)('refuses %s in one line that names the file', async (_name, bytes, code, message) => {
    const failure = decodePicture(await bytes(), 'x.png');
    await expect(failure).rejects.toMatchObject({ name: 'LlavaError', code });
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(/^[^\n]+$/);
  });

  it('names a file that is not there', async () => {
    await expect(decodePicture('/nowhere/cat.png')).rejects.toThrow(/^\/nowhere\/cat\.png: no such picture/);
  });
});
