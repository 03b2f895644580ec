import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';
import wabt from 'wabt';

import type { Picture } from './decode-picture.js';
import { preprocessAnyres, unpaddedGrid } from './anyres.js';
import { CLIP_MEAN, CLIP_STD, preprocessPicture } from './preprocess.js';
import { preprocessorConfig, readPreprocessorConfig } from './preprocessor-config.js';
import { RESAMPLE_MODULE } from './resample-module.js';
import { resizePicture } from './resize.js';

function filled(width: number, height: number, level: (x: number, y: number) => number): Picture {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
    level(Math.floor(at / 3) % width, Math.floor(at / 3 / width)),
  );
  return { width, height, rgb };
}
const plain = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

describe('resizePicture', () => {
  it('averages when shrinking, so that a fine grid becomes even', () => {
    const grid = filled(64, 64, (x, y) => ((x + y) % 2) * 255);
    const { rgb } = resizePicture(grid, { width: 8, height: 8 });
    for (const level of rgb) expect(Math.abs(level - 127.5)).toBeLessThan(3);
  });

  it('keeps an even picture even and returns the same picture at the same size', () => {
    const even = filled(17, 9, () => 200);
    expect(new Set(resizePicture(even, { width: 31, height: 40 }).rgb)).toEqual(new Set([200]));
    expect(resizePicture(even, { width: 17, height: 9 }).rgb).toBe(even.rgb);
  });

  it('computes the same pixels when only a part is wanted, and when the picture is larger than a band', () => {
    const waves = filled(700, 300, (x, y) => (x * y) % 256);
    const size = { width: 90, height: 61 };
    const whole = resizePicture(waves, size);
    const crop = { left: 7, top: 11, width: 33, height: 20 };
    const part = resizePicture(waves, { ...size, crop });
    expect(part).toMatchObject({ width: 33, height: 20 });
    for (let row = 0; row < crop.height; row++) {
      const from = ((crop.top + row) * size.width + crop.left) * 3;
      expect([...part.rgb.subarray(row * 99, (row + 1) * 99)]).toEqual([...whole.rgb.subarray(from, from + 99)]);
    }
  });

  it('runs what resample.wat says', async () => {
    const { parseWat } = await wabt();
    const source = await readFile(new URL('resample.wat', import.meta.url), 'utf8');
    const { buffer } = parseWat('resample.wat', source, { simd: true }).toBinary({});
    expect(Buffer.from(buffer).toString('base64'), 'run npm run generate -w @llava-ts/data').toBe(RESAMPLE_MODULE);
  });
});

describe('preprocessPicture', () => {
  const wide = filled(40, 20, (x) => (x < 10 ? 0 : x < 30 ? 255 : 0));

  it('cuts the centre out for square and keeps everything for pad', () => {
    const square = preprocessPicture(wide, { sizePx: 20, aspect: 'square', ...plain });
    expect(new Set(square)).toEqual(new Set([1]));
    const padded = preprocessPicture(wide, { sizePx: 40, aspect: 'pad', mean: [0.5, 0.25, 0], std: [1, 1, 1] });
    expect(padded[0]).toBeCloseTo(127 / 255 - 0.5, 6); // top left of red: the bar
    expect(padded[40 * 40]).toBeCloseTo(63 / 255 - 0.25, 6);
    expect(padded[20 * 40 + 20]).toBeCloseTo(0.5, 6); // centre: the picture
  });

  it('puts channels first and normalises each by its own numbers', () => {
    const pixels = preprocessPicture(
      filled(4, 4, () => 255),
      { sizePx: 4, aspect: 'square', mean: CLIP_MEAN, std: CLIP_STD },
    );
    expect(pixels).toHaveLength(48);
    [0, 1, 2].forEach((channel) =>
      expect(pixels[channel * 16]).toBeCloseTo((1 - CLIP_MEAN[channel]!) / CLIP_STD[channel]!, 5),
    );
  });
});

describe('anyres', () => {
  const shape = {
    sizePx: 10,
    ...plain,
    resolutions: [
      [10, 20],
      [20, 10],
      [20, 20],
    ] as const,
  };

  it('shows the whole picture and the tiles of the canvas that fits best', () => {
    const { pixels, grid, original } = preprocessAnyres(
      filled(40, 20, (x) => (x < 20 ? 255 : 0)),
      shape,
    );
    expect({ grid, original }).toEqual({ grid: { columns: 2, rows: 1 }, original: { width: 40, height: 20 } });
    expect(pixels).toHaveLength(3 * 300);
    const centre = (tile: number): number => pixels[tile * 300 + 55]!;
    expect([centre(1), centre(2)]).toEqual([1, 0]);
  });

  it('says which part of the features is not padding', () => {
    expect(unpaddedGrid({ width: 40, height: 20 }, { width: 8, height: 8 })).toEqual({
      left: 0,
      right: 8,
      top: 2,
      bottom: 6,
    });
    expect(unpaddedGrid({ width: 20, height: 40 }, { width: 8, height: 8 })).toEqual({
      left: 2,
      right: 6,
      top: 0,
      bottom: 8,
    });
  });

  it('refuses a canvas that is not made of whole tiles', () => {
    expect(() =>
      preprocessAnyres(
        filled(9, 9, () => 0),
        { ...shape, resolutions: [[15, 20]] },
      ),
    ).toThrow(/expected multiples of the encoder's 10 pixels, got 15 x 20/);
  });
});

describe('readPreprocessorConfig', () => {
  it('reads both spellings alike, with what is missing from CLIP', () => {
    const old = readPreprocessorConfig({ size: 336, crop_size: 336, do_center_crop: true, resample: 3 });
    const size = { height: 336, width: 336 };
    expect(readPreprocessorConfig({ size: { shortest_edge: 336 }, crop_size: size, resample: 3 })).toEqual(old);
    expect(old).toEqual({ sizePx: 336, fit: 'cut', filter: 'bicubic', mean: CLIP_MEAN, std: CLIP_STD });
  });

  it('reads what it wrote', () => {
    for (const fit of ['cut', 'stretch'] as const) {
      const { aspect, ...wanted } = { sizePx: 28, aspect: 'pad', fit, filter: 'lanczos', ...plain } as const;
      expect(readPreprocessorConfig(preprocessorConfig({ ...wanted, aspect }))).toEqual(wanted);
    }
  });

  it('stretches for SigLIP', () => {
    const siglip = {
      image_processor_type: 'SiglipImageProcessor',
      size: { height: 384, width: 384 },
      resample: 2,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
    };
    expect(readPreprocessorConfig(siglip)).toMatchObject({ sizePx: 384, fit: 'stretch', filter: 'bilinear' });
  });

  it.each([
    [{ resample: 0 }, /resample: expected 1 \(lanczos\), 2 \(bilinear\) or 3 \(bicubic\), got 0/],
    [{ size: { height: 3, width: 4 } }, /size: expected one size for both edges/],
    [{ size: 30, crop_size: 20 }, /crop_size: expected 30/],
    [{ image_mean: [1, 2] }, /image_mean: expected three numbers, got \[1,2\]/],
    [{ do_rescale: false }, /do_rescale: expected true/],
    ['text', /expected an object/],
  ])('refuses %j', (json, message) => {
    expect(() => readPreprocessorConfig(json)).toThrow(message);
  });
});
