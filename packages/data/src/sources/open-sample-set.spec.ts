import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { parquetWriteBuffer } from 'hyparquet-writer';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openSampleSet } from './open-sample-set.js';
import type { MixturePart, SampleSetOptions } from './open-sample-set.js';
import { takeOrdinals, weighOrdinals } from './take.js';

let folder: string;
let cacheDir: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sample-set-'));
});
beforeEach(async () => {
  cacheDir = await mkdtemp(path.join(folder, 'cache-'));
});
afterAll(() => rm(folder, { recursive: true }));

const entry = (id: string, answer = `Answer "${id}", [brackets] {and} \\ 日本.`) => ({
  id,
  image: `${id}.png`,
  conversations: [
    { from: 'human', value: '<image>\nWhat?' },
    { from: 'gpt', value: answer },
  ],
});

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

async function idsOf(parts: MixturePart[], options: Partial<SampleSetOptions> = {}): Promise<string[]> {
  const set = await openSampleSet(parts, { cacheDir, ...options });
  try {
    return await Promise.all(Array.from({ length: set.samples }, async (_, at) => (await set.read(at)).sample.id));
  } finally {
    await set.close();
  }
}

const ids = (count: number, prefix = 's'): string[] => Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe('openSampleSet', () => {
  it('reads any sample of an array and of lines, the same as they were written', async () => {
    const entries = ids(40).map((id) => entry(id));
    const array = await write('a/chat.json', `\uFEFF ${JSON.stringify(entries, null, 3)}\n`);
    const lines = await write('a/chat.jsonl', `\n${entries.map((one) => JSON.stringify(one)).join('\r\n')}`);
    for (const file of [array, lines]) {
      const set = await openSampleSet([{ path: file }], { cacheDir });
      expect(set.samples).toBe(40);
      for (const at of [39, 0, 17]) expect((await set.read(at)).sample).toEqual(entries[at]);
      expect([set.textLength(3), set.pictures(3)]).toEqual([13 + entries[3]!.conversations[1]!.value.length, 1]);
      await set.close();
    }
  });

  it('reads a file once: a second opening uses the kept index, a changed file does not, nor does a damaged index', async () => {
    const file = await write('b/chat.json', JSON.stringify([entry('a')]));
    const tasks: string[] = [];
    const open = async (): Promise<string[]> => {
      tasks.length = 0;
      return idsOf([{ path: file }], { onProgress: ({ task }) => void tasks.push(task) });
    };
    await open();
    expect(tasks).toEqual(['index chat.json']);
    await open();
    expect(tasks).toEqual([]);
    const [kept] = (await readdir(path.join(cacheDir, 'indexes'))).filter((name) => name.startsWith('array'));
    await appendFile(path.join(cacheDir, 'indexes', kept!, 'rows.bin'), 'x'.repeat(48));
    expect(await open()).toEqual(['a']);
    expect(tasks).toEqual(['index chat.json']);
    await writeFile(file, JSON.stringify([entry('a'), entry('b')]));
    expect(await open()).toEqual(['a', 'b']);
    expect((await readdir(path.join(cacheDir, 'indexes'))).filter((name) => name.startsWith('draft'))).toEqual([]);
  });

  it('goes on where a stopped scan was, and finds the same', async () => {
    const answer = 'x'.repeat(1_000_000);
    const file = await write('c/big.json', JSON.stringify(ids(150).map((id) => entry(id, `${id} ${answer}`))));
    const stop = new AbortController();
    const starts: number[] = [];
    const stopped = idsOf([{ path: file }], {
      signal: stop.signal,
      onProgress: ({ done }) => done > 100e6 && stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    const set = await openSampleSet([{ path: file }], { cacheDir, onProgress: ({ done }) => void starts.push(done) });
    expect(starts[0]).toBeGreaterThan(64 * 1024 * 1024); // it did not begin at the start
    for (const at of [0, 66, 67, 149])
      expect((await set.read(at)).sample.conversations[1]!.value).toBe(`s${at} ${answer}`);
    const fresh = await openSampleSet([{ path: file }], { cacheDir: path.join(cacheDir, 'other') });
    expect([set.samples, set.digest]).toEqual([fresh.samples, fresh.digest]);
    await Promise.all([set.close(), fresh.close()]);
  });

  it.each([
    ['an object', '{"a": 1}', /bad\.json: not JSON: byte 0: expected a JSON array/],
    [
      'a file that is cut short',
      '[{"id": 1}, {"id"',
      /bad\.json: not JSON: byte 17: the file ends before its array does/,
    ],
    ['an empty array', '[]', /bad\.json: expected at least one sample/],
    ['an entry that is no JSON', '[{"id": 1,}]', /bad\.json: sample 0: not JSON/],
    ['an entry without turns', '[{"id": 1}]', /bad\.json: sample 0, field conversations/],
  ])('names file and place of %s', async (_name, content, message) => {
    await expect(idsOf([{ path: await write('d/bad.json', content) }])).rejects.toThrow(message);
  });

  it('takes OpenAI messages and ShareGPT entries', async () => {
    const messages = {
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'p.png' } },
            { type: 'text', text: 'What?' },
          ],
        },
        { role: 'assistant', content: 'A bus.' },
      ],
    };
    const shareGpt = {
      images: ['q.png'],
      conversations: [
        { from: 'system', value: 'Be kind.' },
        { from: 'human', value: '<image>Where?' },
        { from: 'gpt', value: 'Here.' },
      ],
    };
    const set = await openSampleSet(
      [{ path: await write('e/m.jsonl', [messages, shareGpt].map((one) => JSON.stringify(one)).join('\n')) }],
      { cacheDir },
    );
    expect((await set.read(0)).sample).toEqual({
      id: '0',
      image: 'p.png',
      conversations: [
        { from: 'human', value: 'Be brief.\n\n<image>\nWhat?' },
        { from: 'gpt', value: 'A bus.' },
      ],
    });
    expect((await set.read(1)).sample).toMatchObject({
      id: '1',
      image: 'q.png',
      conversations: [{ value: 'Be kind.\n\n<image>Where?' }, { value: 'Here.' }],
    });
    await set.close();
  });

  it('reads WebDataset shards: pictures out of the archive, captions or whole entries beside them, long names too', async () => {
    const long = `${'folder/'.repeat(30)}0001`;
    const members: [string, string | Buffer][] = [
      ['0000.jpg', Buffer.from([255, 216, 1])],
      ['0000.txt', ' a red bus\n'],
      [`${long}.png`, Buffer.from([137, 80, 2])],
      [`${long}.json`, JSON.stringify({ ...entry('x'), image: undefined })],
    ];
    const archive = pack();
    for (const [name, content] of members) archive.entry({ name }, content);
    archive.finalize();
    await mkdir(path.join(folder, 'shards'));
    await pipeline(archive, createWriteStream(path.join(folder, 'shards/part-00.tar')));
    const set = await openSampleSet([{ path: path.join(folder, 'shards/part-{00..00}.tar') }], { cacheDir });
    const [first, second] = await Promise.all([set.read(0), set.read(1)]);
    expect(first.sample).toMatchObject({ id: '0000', image: '0000.jpg', conversations: [{}, { value: 'a red bus' }] });
    expect([...(await first.picture!.read())]).toEqual([255, 216, 1]);
    expect(second.sample).toMatchObject({ id: 'x', image: `${long}.png` });
    expect([...(await second.picture!.read())]).toEqual([137, 80, 2]);
    await set.close();
    const cut = await write(
      'shards-cut/a.tar',
      (await readFile(path.join(folder, 'shards/part-00.tar'))).subarray(0, 1000),
    );
    await expect(idsOf([{ path: cut }])).rejects.toThrow(/a\.tar: (ends in the middle|byte 512)/);
  });

  it('reads Parquet with the bytes of pictures inside: they stay bytes', async () => {
    const jpeg = Uint8Array.of(255, 216, 255, 0, 128);
    const columnData = [
      { name: 'id', data: ['p', 'q'], type: 'STRING' as const },
      { name: 'image', data: [jpeg, jpeg.slice(1)], type: 'BYTE_ARRAY' as const },
      { name: 'caption', data: ['a bus', 'a boat'], type: 'STRING' as const },
    ];
    const file = await write('parquet/train.parquet', new Uint8Array(parquetWriteBuffer({ columnData })));
    const set = await openSampleSet([{ path: path.dirname(file) }], { cacheDir });
    const { sample, picture } = await set.read(1);
    expect(sample).toMatchObject({ id: 'q', conversations: [{}, { value: 'a boat' }] });
    expect([...(await picture!.read())]).toEqual([216, 255, 0, 128]);
    await set.close();
    await expect(idsOf([{ path: await write('no.parquet', 'PAR1 nothing') }])).rejects.toMatchObject({
      code: 'corrupt',
    });
  });

  it('mixes parts by take and weight, always in the same way', async () => {
    const a = { path: await write('f/a.json', JSON.stringify(ids(10, 'a').map((id) => entry(id)))) };
    const b = { path: await write('f/b.json', JSON.stringify(ids(4, 'b').map((id) => entry(id)))) };
    const mixed = await idsOf(
      [
        { ...a, take: 'last 2' },
        { ...b, weight: 1.5 },
      ],
      { seed: 3 },
    );
    expect(mixed.slice(0, 6)).toEqual(['a8', 'a9', 'b0', 'b1', 'b2', 'b3']);
    expect(mixed).toHaveLength(8);
    expect(
      await idsOf(
        [
          { ...a, take: 'last 2' },
          { ...b, weight: 1.5 },
        ],
        { seed: 3 },
      ),
    ).toEqual(mixed);
    await expect(idsOf([{ ...a, take: 'first 11' }])).rejects.toThrow(/"first 11" of 10 records/);
    await expect(idsOf([{ ...a, take: 'some' }])).rejects.toThrow(/expected "first N"/);
  });

  it('leaves out what a quarantine list names, and refuses a list for another version', async () => {
    const part = { path: await write('g/a.json', JSON.stringify(ids(3).map((id) => entry(id)))) };
    const set = await openSampleSet([part], { cacheDir });
    const list = (digest: string) => ({
      files: [{ file: part.path, digest, samples: [{ index: 1, why: 'no picture' }] }],
    });
    const quarantine = await write('g/bad.json', JSON.stringify(list(set.digest)));
    expect(await idsOf([part], { quarantine })).toEqual(['s0', 's2']);
    await writeFile(quarantine, JSON.stringify(list('00')));
    await expect(idsOf([part], { quarantine })).rejects.toMatchObject({ code: 'mismatch' });
    await set.close();
  });
});

describe('take', () => {
  it('chooses shares and random ordinals without repeats', () => {
    expect([...takeOrdinals(10, 'first 20%', 0)]).toEqual([0, 1]);
    const random = takeOrdinals(1000, 'random 300', 5);
    expect(new Set(random).size).toBe(300);
    expect([...random]).toEqual([...takeOrdinals(1000, 'random 300', 5)]);
    expect([...random]).not.toEqual([...takeOrdinals(1000, 'random 300', 6)]);
    expect(weighOrdinals(random, 0.5, 1)).toHaveLength(150);
    expect(weighOrdinals(random, 2, 1)).toHaveLength(600);
  });
});
