import { describe, expect, it } from 'vitest';

import { seededRandom } from '../random.js';
import { composeScene } from './compose.js';
import { isHeldOut } from './held-out.js';
import { SCENE_SIZE_PX, centre } from './scene.js';
import { THINGS } from './things.js';

const scenes = (split: 'train' | 'held-out', count = 1500) => {
  const random = seededRandom(11);
  return Array.from({ length: count }, () => composeScene(random, { split }));
};

describe('composeScene', () => {
  it('gives the same scene for the same seed', () => {
    expect(composeScene(seededRandom(3), { split: 'train' })).toEqual(
      composeScene(seededRandom(3), { split: 'train' }),
    );
  });

  it('keeps held-out pairs out of training scenes and puts one into every held-out scene', () => {
    for (const { placements } of scenes('train')) expect(isHeldOut(placements.map(({ thing }) => thing))).toBe(false);
    for (const { placements } of scenes('held-out')) {
      expect(isHeldOut(placements.map(({ thing }) => thing))).toBe(true);
      expect(placements.length).toBeGreaterThan(1);
    }
  });

  it('keeps things inside the picture, in order from top to bottom and in clearly different columns', () => {
    for (const { placements } of scenes('train')) {
      placements.slice(1).forEach(({ box }, index) => {
        const above = placements[index]!.box;
        expect(box[1] - above[1]).toBeGreaterThanOrEqual(12);
        expect(centre(box).y - centre(above).y).toBeGreaterThanOrEqual(10);
        expect(Math.abs(centre(box).x - centre(above).x)).toBeGreaterThanOrEqual(14);
      });
      for (const { box, sizePx } of placements) {
        expect(Math.min(box[0], box[1])).toBeGreaterThanOrEqual(0);
        expect(Math.max(box[0] + box[2], box[1] + box[3])).toBeLessThanOrEqual(SCENE_SIZE_PX);
        expect(Math.max(box[2], box[3])).toBe(sizePx);
      }
    }
  });

  it('shows every thing, and some things twice', () => {
    const things = scenes('train').map(({ placements }) => placements.map(({ thing }) => thing.name));
    expect(new Set(things.flat()).size).toBe(THINGS.length);
    const repeated = things.filter((names) => new Set(names).size < names.length).length / things.length;
    expect(repeated).toBeGreaterThan(0.08);
    expect(repeated).toBeLessThan(0.3);
  });

  it('refuses what it can never compose', () => {
    expect(() => composeScene(seededRandom(1), { split: 'held-out', counts: [1] })).toThrow(/no held-out scene of 1/);
    expect(() => composeScene(seededRandom(1), { split: 'train', counts: [4] })).toThrow(/counts must be 1, 2 or 3/);
  });
});

describe('isHeldOut', () => {
  it('holds out about 15 percent of the pairs, whatever their order', () => {
    const pairs = THINGS.flatMap((a, index) => THINGS.slice(index).map((b) => [a, b] as const));
    const share = pairs.filter((pair) => isHeldOut(pair)).length / pairs.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.2);
    for (const [a, b] of pairs) expect(isHeldOut([a, b])).toBe(isHeldOut([b, a]));
  });
});
