import { spawn } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { composeScene, readSamples, sceneBoxes, sceneCaptions, seededRandom } from '@llava-ts/data';
import { serveSceneWriter } from '@llava-ts/instructions';
import type { ServedWriter } from '@llava-ts/instructions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const LLAVA = fileURLToPath(new URL('../../bin/llava.js', import.meta.url));
let folder: string;
let captions: string;
let writer: ServedWriter;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'data-generate-'));
  captions = path.join(folder, 'captions.jsonl');
  const lines = Array.from({ length: 12 }, (_, index) => {
    const random = seededRandom(3, index);
    const scene = composeScene(random, { split: 'train' });
    const instances = sceneBoxes(scene).map(({ name, box }) => ({ category: name, bbox: box }));
    return JSON.stringify({ id: index, image: `${index}.png`, captions: sceneCaptions(scene, random), instances });
  });
  await writeFile(captions, lines.join('\n'));
  writer = await serveSceneWriter();
});
afterAll(() => writer.close());

async function generate(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const common = ['data', 'generate', '--captions', captions, '--model', 'scene-writer'];
  const env = { ...process.env, LLAVA_API_KEY: '', OPENAI_API_KEY: '' };
  const child = spawn(process.execPath, [LLAVA, ...common, ...args], { env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stdout, stderr };
}

describe('llava data generate', () => {
  const types = ['--types', 'conversation=2,detail=1,reasoning=1'];
  const priced = ['--price-in', '10', '--price-out', '30'];

  test('--dry-run estimates and sends nothing', async () => {
    const out = path.join(folder, 'dry');
    const { status, stdout } = await generate(
      '--out',
      out,
      '--base-url',
      writer.baseUrl,
      ...types,
      ...priced,
      '--dry-run',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /requests +12 \(\d+ conversation, \d+ detail, \d+ reasoning\)\ntokens +about \d+ in, \d+ out\ncost +about 0\.\d\d/,
    );
    expect(writer.answered()).toBe(0);
  });

  test('writes the dataset, the report and the ledger, prints what it took, and sends nothing the second time', async () => {
    const out = path.join(folder, 'made');
    const args = [
      '--out',
      out,
      '--base-url',
      writer.baseUrl,
      ...types,
      ...priced,
      '--min-words',
      '1',
      '--near-duplicates',
      '0',
    ];
    const first = await generate(...args);
    expect(first.status, first.stderr).toBe(0);
    expect(first.stdout).toMatch(
      /^samples +12 of 12 .*\nrequests +12 sent, 12 answered, 0 failed\ntokens .*\ncost +0\.\d{4}\n/,
    );
    expect(await readSamples(path.join(out, 'samples.json'))).toHaveLength(12);
    const before = await readFile(path.join(out, 'samples.json'), 'utf8');
    expect((await generate(...args)).status).toBe(0);
    expect(writer.answered()).toBe(12);
    expect(await readFile(path.join(out, 'samples.json'), 'utf8')).toBe(before);
  });

  test('what was dropped is counted and shown with an example', async () => {
    const out = path.join(folder, 'dropped');
    const { stdout } = await generate('--out', out, '--base-url', writer.baseUrl, '--types', 'reasoning');
    expect(stdout).toMatch(
      /dropped: length +12 samples, 0 questions of others\n +\d+\/reasoning: 1 words, expected 15 to 500/,
    );
  });

  test('--max-cost writes what there is and fails', async () => {
    const out = path.join(folder, 'poor');
    const { status, stderr } = await generate(
      '--out',
      out,
      '--base-url',
      writer.baseUrl,
      ...priced,
      '--max-cost',
      '0.05',
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: stopped before more than 0.05 was spent; go on with a larger --max-cost\n$/);
    expect(JSON.parse(await readFile(path.join(out, 'report.json'), 'utf8'))).toMatchObject({ stopped: 'max-cost' });
  });

  test('an endpoint that is down is an expected failure that says so', async () => {
    const gone = await serveSceneWriter();
    await gone.close();
    const { status, stderr } = await generate(
      '--out',
      path.join(folder, 'down'),
      '--base-url',
      gone.baseUrl,
      '--attempts',
      '1',
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /error: .*5 requests in a row failed every attempt \(cannot be reached \(ECONNREFUSED\)\); see whether/,
    );
  });

  test.each([
    [['--base-url', 'https://api.example.com/v1'], /no API key; set LLAVA_API_KEY or OPENAI_API_KEY/],
    [['--base-url', 'localhost'], /--base-url: expected an address/],
    [['--base-url', 'http://127.0.0.1:1/v1', '--types', 'poem=1'], /--types: expected e\.g\. conversation=58/],
    [['--base-url', 'http://127.0.0.1:1/v1', '--max-cost', '1'], /--max-cost: needs prices/],
    [['--base-url', 'http://127.0.0.1:1/v1', '--price-in', '1'], /expected both, got one/],
  ])('%j is misuse: status 2 and one line', async (args, message) => {
    const { status, stderr } = await generate('--out', path.join(folder, 'never'), ...args);
    expect({ status, lines: stderr.split('\n').length }).toEqual({ status: 2, lines: 2 });
    expect(stderr).toMatch(message);
  });
});
