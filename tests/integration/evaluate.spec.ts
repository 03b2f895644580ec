import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { colouredPicture, writeTinyAssistant } from './served-model.js';

const LLAVA = fileURLToPath(new URL('../../apps/cli/bin/llava.js', import.meta.url));
let folder: string;
let judge: Server;
const judged: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-eval-'));
  await writeTinyAssistant(join(folder, 'tiny'));
  await mkdir(join(folder, 'pictures'));
  const png = (await colouredPicture('red')).split(',')[1]!;
  await writeFile(join(folder, 'pictures', 'red.png'), Buffer.from(png, 'base64'));
  const entry = (id: number, question: string, truth: string): object => ({
    id: String(id),
    image: 'red.png',
    conversations: [
      { from: 'human', value: `<image>\n${question}` },
      { from: 'gpt', value: truth },
    ],
  });
  const entries = Array.from({ length: 10 }, (_, id) => entry(id, `Is there a thing ${id}?`, id % 2 ? 'yes' : 'no'));
  await writeFile(join(folder, 'questions.json'), JSON.stringify(entries));
  judge = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      judged.push(body);
      const choices = [{ index: 0, message: { role: 'assistant', content: '8 4\nThe second is shorter.' } }];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: '1', object: 'chat.completion', choices }));
    });
  });
  await new Promise<void>((resolve) => judge.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  judge.close();
  await rm(folder, { recursive: true });
});

interface Result {
  questions: number;
  scores: Record<string, number>;
}

async function evaluate(task: string, ...more: string[]): Promise<Result> {
  const common = ['--model', join(folder, 'tiny'), '--data', join(folder, 'questions.json')];
  const places = ['--images', join(folder, 'pictures'), '--max-tokens', '4', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    LLAVA,
    'eval',
    '--task',
    task,
    ...common,
    ...places,
    ...more,
  ]);
  return JSON.parse(stdout) as Result;
}

it('keeps answers and a page, goes on where it stopped, and measures kept answers in another way', async () => {
  const out = join(folder, 'out');
  const first = await evaluate('pope', '--out', out, '--limit', '6');
  expect(first.questions).toBe(6);
  const lines = async (): Promise<string[]> => (await readFile(join(out, 'answers.jsonl'), 'utf8')).trim().split('\n');
  const kept = await lines();
  expect(kept).toHaveLength(6);
  await writeFile(join(out, 'answers.jsonl'), `${kept.slice(0, 3).join('\n')}\n{"key": "cut o`);
  const whole = await evaluate('pope', '--out', out);
  const answers = (await lines()).filter((line) => line.endsWith('}'));
  expect(answers).toHaveLength(10);
  expect(answers.slice(0, 3)).toEqual(kept.slice(0, 3));
  const said = answers.map((line) => JSON.parse(line) as { answer: string });
  expect(whole.scores['yesShare']).toBeCloseTo(said.filter(({ answer }) => !/\bnot?\b/i.test(answer)).length / 10);
  const page = await readFile(join(out, 'report.html'), 'utf8');
  expect(page.match(/<img alt="" src="data:image\/png;base64,/g)).toHaveLength(10);
  expect((await evaluate('exact', '--out', out)).scores['accuracy']).toBeGreaterThanOrEqual(0);
  expect(await lines()).toHaveLength(11);
});

it('measures the loss', async () => {
  const { scores } = await evaluate('loss', '--limit', '2');
  expect(scores['perplexity']).toBeCloseTo(Math.exp(scores['lossNats']!), 6);
  expect(scores['lossNats']).toBeGreaterThan(0);
});

it('has answers judged', async () => {
  const { port } = judge.address() as AddressInfo;
  const endpoint = ['--judge-url', `http://127.0.0.1:${port}/v1`, '--judge-model', 'strict'];
  const { scores } = await evaluate('judge', '--limit', '2', ...endpoint);
  expect(scores).toMatchObject({ relativePercent: 50, meanAnswer: 4, meanTruth: 8 });
  expect(judged[0]).toContain('Is there a thing 0?');
});
