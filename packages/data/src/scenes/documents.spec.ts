import { describe, expect, it } from 'vitest';

import { seededRandom } from '../random.js';
import { sceneBoxLines } from './boxes.js';
import { sceneCaption } from './captions.js';
import { composeScene } from './compose.js';
import { sceneCells, sceneDocument } from './documents.js';
import type { Scene } from './scene.js';
import { THINGS } from './things.js';

const thing = THINGS.find(({ name }) => name === 'red heart')!;
const scene: Scene = {
  ground: { kind: 'plain', colourName: 'mint', from: [200, 246, 222], to: [200, 246, 222] },
  placements: [{ thing, sizePx: 36, box: [24, 48, 36, 36] }],
};

describe('texts about a scene', () => {
  it('name every thing in captions', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 300; i++) {
      const composed = composeScene(random, { split: 'any' });
      const caption = sceneCaption(composed, random);
      for (const { thing: shown } of composed.placements)
        expect(caption.includes(shown.name) || caption.includes(shown.plural)).toBe(true);
    }
    expect(sceneCaption(scene, random, 'always')).toMatch(/a red heart on a mint background$/);
  });

  it('give boxes as shares of the picture, as the paper writes them', () => {
    expect(sceneBoxLines(scene)).toBe('red heart: [0.250, 0.500, 0.625, 0.875]');
  });

  it('map cells to what covers them', () => {
    const cells = sceneCells(scene, 8);
    expect(cells.flat().filter((cell) => cell === 'red heart')).toHaveLength(9);
    expect(cells[4]!.slice(2, 5)).toEqual(['red heart', 'red heart', 'red heart']);
    expect(cells[0]![0]).toBe('mint');
  });

  it('hold a dialogue in v1 form', () => {
    const text = sceneDocument(scene, seededRandom(2), { styles: ['places'], questions: 2, system: false });
    expect(text).toMatch(
      /^USER: red heart at column 4 row 6, mint background\n[^<]+ ASSISTANT: [a-z ]+<\/s>USER: [^\n<]+ ASSISTANT: [a-z ]+<\/s>$/,
    );
    expect(sceneDocument(scene, seededRandom(2))).toMatch(/^A chat between a curious user/);
  });
});
