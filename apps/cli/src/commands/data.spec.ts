import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSampleSet, writeScenesDataset } from '@llava-ts/data';
import type { Quarantine, Sample, ValidationReport } from '@llava-ts/data';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const LLAVA = fileURLToPath(new URL('../../bin/llava.js', import.meta.url));
const TOKENIZER = fileURLToPath(new URL('../../../../assets/tiny/decoder', import.meta.url));
const READING = ['--model', TOKENIZER, '--template', 'v1-short', '--image-tokens', '64', '--context', '256'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-'));
  const scenes = { seed: 5, kind: 'conversations', questionsPerScene: 3 } as const;
  await writeScenesDataset(join(folder, 'good'), { ...scenes, count: 40, split: 'train' });
  await writeScenesDataset(join(folder, 'held'), { ...scenes, count: 4, split: 'held-out' });
  await cp(join(folder, 'good'), join(folder, 'bad'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

function data(...args: string[]) {
  const env = { ...process.env, LLAVA_CACHE: join(folder, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [LLAVA, 'data', ...args], { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

/** Damages a sample in every way there is; returns what must be found, by ordinal. */
async function damage(): Promise<Record<number, string>> {
  const file = join(folder, 'bad', 'samples.json');
  const picture = (name: string): string => join(folder, 'bad', 'images', name);
  const samples = JSON.parse(await readFile(file, 'utf8')) as {
    image: string;
    conversations: { from: string; value: string }[];
  }[];
  const change = (at: number, more: object): void => void (samples[at] = { ...samples[at]!, ...more });
  const turns = (at: number): { from: string; value: string }[] => samples[at]!.conversations;
  await rm(picture(samples[1]!.image));
  const bytes = await readFile(picture(samples[3]!.image));
  await writeFile(picture(samples[3]!.image), bytes.subarray(0, bytes.length - 100));
  await writeFile(picture('named.jpg'), await readFile(picture(samples[5]!.image)));
  change(5, { image: 'named.jpg' });
  await sharp({ create: { width: 3000, height: 1000, channels: 3, background: 'red' } })
    .png()
    .toFile(picture(samples[7]!.image));
  change(9, { conversations: turns(9).slice(0, -1) });
  turns(11)[1]!.value = ' ';
  turns(13)[0]!.value = 'no place for a picture';
  turns(15)[1]!.value = 'red '.repeat(300);
  change(17, samples[16]!);
  change(19, { conversations: 'none' });
  await writeFile(picture(samples[21]!.image), await readFile(join(folder, 'held', 'images', '000001.png')));
  await writeFile(file, JSON.stringify(samples));
  return {
    1: 'missing-picture',
    3: 'corrupt-picture',
    5: 'misnamed-picture',
    7: 'oversized-picture',
    9: 'turn-order',
    11: 'empty-turn',
    13: 'placeholder',
    15: 'cut-answer',
    17: 'duplicate',
    19: 'malformed',
    21: 'leak',
  };
}

describe('llava data validate', () => {
  test('finds nothing in a good dataset', () => {
    const { status, stdout } = data('validate', join(folder, 'good'), ...READING);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'nothing was found\n' });
  });

  test('finds every damage, and writes a list with which a run leaves them out', async () => {
    const expected = await damage();
    const list = join(folder, 'quarantine.json');
    const rules = [...READING, '--max-pixels', '1000000', '--against', join(folder, 'held'), '--quarantine', list];
    const { status, stdout, stderr } = data('validate', join(folder, 'bad'), ...rules, '--json');
    const { findings } = JSON.parse(stdout) as ValidationReport;
    expect(Object.fromEntries(findings.map(({ address, kind }) => [address.index, kind]))).toEqual(expected);
    expect(findings).toHaveLength(Object.keys(expected).length);
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: .*bad: 9 of 40 samples would stop a run/);

    const { files } = JSON.parse(await readFile(list, 'utf8')) as Quarantine;
    expect(files[0]!.samples.map(({ index }) => index).sort((a, b) => a - b)).toEqual([
      1, 3, 9, 11, 13, 15, 17, 19, 21,
    ]);
    const set = await openSampleSet([{ path: join(folder, 'bad') }], {
      cacheDir: join(folder, 'cache'),
      quarantine: list,
    });
    expect([set.samples, set.quarantined]).toEqual([31, 9]);
    await set.close();
    expect(data('validate', join(folder, 'bad'), ...rules).stdout).toMatch(
      /^turn-order +1 +sample 9 \(train-000010\): .*$/m,
    );
  });
});

describe('llava data inspect', () => {
  test('shows a sample as the model sees it, with its picture', async () => {
    const png = join(folder, 'seen.png');
    const { status, stdout } = data(
      'inspect',
      join(folder, 'good'),
      ...READING,
      '--size',
      '64',
      '--sample',
      '2',
      '--png',
      png,
    );
    const [first] = (JSON.parse(await readFile(join(folder, 'good', 'samples.json'), 'utf8')) as Sample[]).slice(2) as [
      Sample,
    ];
    expect(status).toBe(0);
    expect(stdout).toContain(`[[ ${first.conversations[1]!.value}</s>]]`);
    expect(stdout).toMatch(/^image spans: 4 to 67$/m);
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 64, height: 64 });
  });

  test('measures lengths, suggests buckets and writes a page that needs no other file', async () => {
    const page = join(folder, 'page.html');
    const { status, stdout } = data('inspect', join(folder, 'good'), ...READING, '--size', '64', '--html', page);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /40 samples looked at, 40 with a picture, \d+\.\d % of tokens learned\nbuckets: \[[\d, ]+\], \d+\.\d % padding\n$/,
    );
    const html = await readFile(page, 'utf8');
    expect(html.match(/<img /g)).toHaveLength(40);
    expect(html).not.toMatch(/(src|href)="(?!data:)/);
  });

  test.each([
    [['--sample', '99'], /error: --sample 99: the dataset has samples 0 to 39\n$/],
    [['--model', '/none'], /error: \/none\/tokenizer\.json: cannot be read/],
  ])('%j is one line', (args, message) => {
    const { status, stderr } = data('inspect', join(folder, 'good'), ...READING, ...args);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
