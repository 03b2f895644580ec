import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readSamples } from './read-samples.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'samples-'));
});
afterAll(() => rm(folder, { recursive: true }));

const good = {
  id: 'a',
  image: 'x/a.png',
  conversations: [
    { from: 'human', value: '<image>\nWhat?' },
    { from: 'gpt', value: 'A bus.' },
  ],
};
const textOnly = {
  id: 7,
  conversations: [
    { from: 'human', value: 'Hi' },
    { from: 'gpt', value: 'Hello.' },
  ],
};

async function read(content: string, name = 'data.json') {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return readSamples(file);
}

describe('readSamples', () => {
  it('reads an array and JSON lines alike', async () => {
    const expected = [good, { ...textOnly, id: '7' }];
    expect(await read(JSON.stringify([good, textOnly]))).toEqual(expected);
    expect(await read(`${JSON.stringify(good)}\n\n${JSON.stringify(textOnly)}\n`, 'data.jsonl')).toEqual(expected);
  });

  it.each([
    [
      'a missing id',
      [good, { ...good, id: undefined }],
      /data\.json: sample 1, field id: expected a string, got nothing/,
    ],
    ['missing conversations', [{ id: 'a' }], /sample 0, field conversations: expected a list of turns, got nothing/],
    [
      'an unknown speaker',
      [{ ...textOnly, conversations: [{ from: 'user', value: 'x' }] }],
      /field conversations\[0\]\.from: expected "human" or "gpt", got "user"/,
    ],
    [
      'a missing value',
      [{ ...textOnly, conversations: [{ from: 'human' }] }],
      /field conversations\[0\]\.value: expected a string, got nothing/,
    ],
    [
      'an empty answer',
      [{ ...textOnly, conversations: [textOnly.conversations[0], { from: 'gpt', value: ' ' }] }],
      /field conversations\[1\]\.value: expected an answer/,
    ],
    [
      'several pictures',
      [{ ...good, image: ['a.png', 'b.png'] }],
      /field image: expected a path \(one picture per sample\)/,
    ],
    [
      'a path that leaves the folder',
      [{ ...good, image: '../../secret.png' }],
      /field image: expected a path inside the image folder/,
    ],
    ['a picture without a place', [{ ...textOnly, image: 'a.png' }], /expected <image> in exactly one turn/],
    ['something else than an array', { a: 1 }, /expected a JSON array of samples, got \{"a":1\}/],
  ])('names file, index and field of %s, in one line', async (_name, content, message) => {
    const failure = read(JSON.stringify(content));
    await expect(failure).rejects.toMatchObject({ name: 'LlavaError', code: 'bad-input' });
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toThrow(/^[^\n]+$/);
  });

  it('names the line of broken JSON lines and a file that is not there', async () => {
    await expect(read(`${JSON.stringify(good)}\n{"id": `, 'cut.jsonl')).rejects.toThrow(/cut\.jsonl: line 2: not JSON/);
    await expect(readSamples(path.join(folder, 'none.json'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
