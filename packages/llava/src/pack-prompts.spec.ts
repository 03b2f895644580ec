import { describe, expect, it } from 'vitest';
import { packPrompts } from './pack-prompts.js';

const SIZES = { batch: 3, promptTokens: 5, images: 3, imageTokenId: 9, imageTokens: 2 };

describe('packPrompts', () => {
  it('pads in front and counts the features of all images in order', () => {
    const packed = packPrompts(
      [
        [1, 9, 9],
        [9, 9, 4, 5, 6],
      ],
      2,
      SIZES,
    );
    expect([...packed.ids]).toEqual([0, 0, 1, 9, 9, 9, 9, 4, 5, 6, 0, 0, 0, 0, 0]);
    expect([...packed.visualIndex]).toEqual([-1, -1, -1, 0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1]);
    expect([...packed.starts]).toEqual([2, 0, 4]);
  });

  it('does not take padding for an image when the image token is 0', () => {
    expect([...packPrompts([[0, 0, 3]], 1, { ...SIZES, imageTokenId: 0 }).visualIndex].slice(0, 5)).toEqual([
      -1, -1, 0, 1, -1,
    ]);
  });

  it.each([
    [[], 0, 'takes 1 to 3 prompts at once, got 0'],
    [[[1], [1], [1], [1]], 0, 'takes 1 to 3 prompts at once, got 4'],
    [[[1], []], 0, 'Prompt 1 has 0 tokens; this session takes 1 to 5'],
    [[[1, 2, 3, 4, 5, 6]], 0, 'Prompt 0 has 6 tokens; this session takes 1 to 5'],
    [[[1, 9]], 1, 'The prompts have 1 image tokens; 1 images of 2 features need 2'],
    [[[1]], 4, 'takes up to 3 images at once, got 4'],
  ])('refuses %j with %i images', (prompts, images, message) => {
    expect(() => packPrompts(prompts, images, SIZES)).toThrow(message);
  });
});
