import { describe, expect, it } from 'vitest';

import { resizeBicubic } from './bicubic.js';
import type { Picture } from './decode-picture.js';
import { CLIP_MEAN, CLIP_STD, preprocessPicture } from './preprocess.js';

function filled(width: number, height: number, level: (x: number, y: number) => number): Picture {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
    level(Math.floor(at / 3) % width, Math.floor(at / 3 / width)),
  );
  return { width, height, rgb };
}
const plain = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

describe('resizeBicubic', () => {
  it('averages when shrinking, so that a fine grid becomes even', () => {
    const grid = filled(64, 64, (x, y) => ((x + y) % 2) * 255);
    const { rgb } = resizeBicubic(grid, 8, 8);
    for (const level of rgb) expect(Math.abs(level - 127.5)).toBeLessThan(3);
  });

  it('keeps an even picture even and returns the same picture at the same size', () => {
    const even = filled(17, 9, () => 200);
    expect(new Set(resizeBicubic(even, 31, 40).rgb)).toEqual(new Set([200]));
    expect(resizeBicubic(even, 17, 9).rgb).toBe(even.rgb);
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
