import { beforeAll, describe, expect, it } from 'vitest';

import { decodePicture } from '../pictures/decode-picture.js';
import { seededRandom } from '../random.js';
import { THING_SIZES_PX, composeScene } from './compose.js';
import { renderScene, sceneToPng } from './render.js';
import { SCENE_SIZE_PX } from './scene.js';
import { loadThings, type Sprite } from './sprites.js';
import { THINGS, thingSize } from './things.js';

let sprites: readonly Sprite[];
beforeAll(async () => {
  sprites = await loadThings();
});

describe('loadThings', () => {
  it('draws every thing at every size, and so that it touches all four sides of its box', () => {
    expect(sprites.map(({ thing }) => thing)).toEqual(THINGS);
    for (const { thing, images } of sprites) {
      for (const sizePx of THING_SIZES_PX) {
        const { width, height, rgba } = images.get(sizePx)!;
        expect({ width, height }).toEqual(thingSize(thing, sizePx));
        const alpha = (x: number, y: number): number => rgba[(y * width + x) * 4 + 3]!;
        const columns = Array.from({ length: width }, (_, x) => x);
        const rows = Array.from({ length: height }, (_, y) => y);
        expect(columns.some((x) => alpha(x, 0) > 0) && columns.some((x) => alpha(x, height - 1) > 0), thing.name).toBe(
          true,
        );
        expect(rows.some((y) => alpha(0, y) > 0) && rows.some((y) => alpha(width - 1, y) > 0), thing.name).toBe(true);
      }
    }
  });
});

describe('renderScene', () => {
  it('paints things inside their boxes and only the ground elsewhere', () => {
    const scene = composeScene(seededRandom(2), { split: 'train', counts: [1] });
    const { ground, placements } = scene;
    const [left, top, width, height] = placements[0]!.box;
    const pixels = renderScene(scene, sprites);
    let changed = 0;
    for (let y = 0; y < SCENE_SIZE_PX; y++) {
      const share = y / (SCENE_SIZE_PX - 1);
      const expected = [0, 1, 2].map((axis) =>
        Math.round(ground.from[axis]! + (ground.to[axis]! - ground.from[axis]!) * share),
      );
      for (let x = 0; x < SCENE_SIZE_PX; x++) {
        const at = (y * SCENE_SIZE_PX + x) * 3;
        const same = expected.every((level, axis) => pixels[at + axis] === level);
        const inside = x >= left && x < left + width && y >= top && y < top + height;
        if (!inside) expect(same).toBe(true);
        else if (!same) changed++;
      }
    }
    expect(changed).toBeGreaterThan(0.2 * width * height);
  });

  it('paints the colour that the words say', () => {
    const average = (name: string): number[] => {
      const thing = THINGS.find((candidate) => candidate.name === name)!;
      const white = { kind: 'plain', colourName: 'white', from: [255, 255, 255], to: [255, 255, 255] } as const;
      const pixels = renderScene({ ground: white, placements: [{ thing, sizePx: 44, box: [0, 0, 44, 44] }] }, sprites);
      const at = (22 * SCENE_SIZE_PX + 22) * 3;
      return [...pixels.subarray(at, at + 3)];
    };
    const [red, green] = average('red heart');
    expect(red!).toBeGreaterThan(2 * green!);
    expect(average('blue heart')[2]!).toBeGreaterThan(average('blue heart')[0]!);
  });

  it('survives PNG unchanged', async () => {
    const scene = composeScene(seededRandom(4), { split: 'train' });
    const decoded = await decodePicture(await sceneToPng(scene, sprites));
    expect(Buffer.from(decoded.rgb).equals(Buffer.from(renderScene(scene, sprites)))).toBe(true);
  });
});
