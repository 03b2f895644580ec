import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { captionAndBoxLines } from './captioned-picture.js';
import { readCaptions } from './read-captions.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'captions-'));
});
async function file(name: string, value: unknown): Promise<string> {
  const full = path.join(folder, name);
  await writeFile(full, typeof value === 'string' ? value : JSON.stringify(value));
  return full;
}

const COCO = {
  images: [
    { id: 9, file_name: '9.jpg', width: 200, height: 100 },
    { id: 10, file_name: '10.jpg', width: 100, height: 100 },
  ],
  annotations: [
    { image_id: 9, caption: 'A dog runs. ' },
    { image_id: 9, caption: 'A  brown dog.' },
  ],
};
const INSTANCES = {
  annotations: [
    { image_id: 9, category_id: 18, bbox: [20, 10, 100, 50] },
    { image_id: 9, category_id: 18, bbox: [0, 0, 200, 100], iscrowd: 1 },
  ],
  categories: [{ id: 18, name: 'dog' }],
};

describe('readCaptions', () => {
  test('joins COCO captions with instances, leaves out crowds and pictures without captions', async () => {
    const { pictures } = await readCaptions(await file('captions.json', COCO), await file('instances.json', INSTANCES));
    expect(pictures).toHaveLength(1);
    expect(pictures[0] && captionAndBoxLines(pictures[0])).toBe(
      'A dog runs.\nA brown dog.\n\ndog: [0.100, 0.100, 0.600, 0.600]',
    );
  });

  test('reads lines with captions and boxes, in shares or in pixels, and LLaVA samples', async () => {
    const lines = [
      { id: 1, image: '1.jpg', captions: ['a cat'], instances: [{ category: 'cat', bbox: [0, 0.25, 0.5, 1] }] },
      {
        id: 2,
        image: '2.jpg',
        caption: 'a cat',
        width: 200,
        height: 400,
        boxes: [{ category: 'cat', box: [0, 100, 100, 400] }],
      },
    ];
    const { pictures } = await readCaptions(
      await file('a.jsonl', lines.map((line) => JSON.stringify(line)).join('\n')),
    );
    expect(pictures.map(({ boxes }) => boxes[0]?.box)).toEqual([
      [0, 0.25, 0.5, 1],
      [0, 0.25, 0.5, 1],
    ]);
    const sample = {
      id: 'x',
      image: 'x.jpg',
      conversations: [
        { from: 'human', value: '<image>\nDescribe it.' },
        { from: 'gpt', value: 'a cat' },
      ],
    };
    const llava = await readCaptions(await file('llava.json', [sample]));
    expect(llava.pictures).toEqual([{ id: 'x', image: 'x.jpg', captions: ['a cat'], boxes: [] }]);
  });

  test.each([
    ['b.json', '{', /not JSON/],
    ['c.json', {}, /expected COCO captions/],
    ['d.json', [{ id: 1, image: '1.jpg' }], /entry 0, field captions: expected a list of sentences, got nothing/],
    [
      'e.json',
      [{ id: 1, image: '1.jpg', caption: 'a', boxes: [{ category: 'a', box: [0, 0, 99, 1] }] }],
      /box 0, field bbox/,
    ],
    ['f.json', [1, 1].map((id) => ({ id, image: 'a', caption: 'a' })), /id 1 is there twice/],
    ['g.json', INSTANCES, /expected COCO captions/],
  ])('%s: says what is wrong and where', async (name, value, message) => {
    await expect(readCaptions(await file(name, value))).rejects.toThrow(message);
  });

  test('a missing file is not-found', async () => {
    await expect(readCaptions(path.join(folder, 'none.json'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
