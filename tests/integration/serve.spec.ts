import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { loadLlavaV1 } from '@llava-ts/protos';
import { startServing } from '@llava-ts/serve';
import type { Serving } from '@llava-ts/serve';
import OpenAI, { APIError } from 'openai';
import type { ChatCompletionContentPart, ChatCompletionCreateParamsNonStreaming } from 'openai/resources';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { colouredPicture, writeTinyAssistant } from './served-model.js';

const KEY = 'a-key-of-this-test';
let folder: string;
let serving: Serving;
let client: OpenAI;
let image: ChatCompletionContentPart;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-serve-'));
  await writeTinyAssistant(join(folder, 'tiny'));
  image = { type: 'image_url', image_url: { url: await colouredPicture('red') } };
  serving = await startServing({
    folder: join(folder, 'tiny'),
    apiKey: KEY,
    grpc: '127.0.0.1:0',
    maxBatch: 8,
    maxQueue: 16,
    maxBodyBytes: 100_000,
    maxImages: 2,
    maxNewTokens: 48,
    wordTokens: 100,
  });
  client = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: KEY, maxRetries: 0 });
});
afterAll(async () => {
  await serving.close();
  await rm(folder, { recursive: true });
});

type Request = Partial<ChatCompletionCreateParamsNonStreaming>;

function asked(question: string, more: Request = {}): ChatCompletionCreateParamsNonStreaming {
  const content: ChatCompletionContentPart[] = [{ type: 'text', text: question }, image];
  return { model: 'tiny', max_completion_tokens: 12, ...more, messages: more.messages ?? [{ role: 'user', content }] };
}

async function text(question: string, more: Request = {}): Promise<string> {
  return (await client.chat.completions.create(asked(question, more))).choices[0]!.message.content!;
}

async function refusal(body: unknown): Promise<{ status: number; param?: string; code?: string; message: string }> {
  const failure: unknown = await client.chat.completions.create(body as never).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(APIError);
  return failure as never;
}

async function metric(line: string): Promise<number> {
  const page = await fetch(`${serving.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } });
  const [, value] = new RegExp(`^${line} (\\S+)$`, 'm').exec(await page.text()) ?? [];
  return Number(value ?? NaN);
}

describe('the official client', () => {
  it('gets an answer about a picture, with counts', async () => {
    const answer = await client.chat.completions.create(asked('What is in the picture?'));
    const [choice] = answer.choices;
    expect(choice!.message.content).toMatch(/\w/);
    expect(choice!.finish_reason).toBe(answer.usage!.completion_tokens === 12 ? 'length' : 'stop');
    expect(answer.usage!.prompt_tokens).toBeGreaterThan(64); // the picture alone is 64
    expect(answer.usage!.total_tokens).toBe(answer.usage!.prompt_tokens + answer.usage!.completion_tokens);
  });

  it('gets the same text as a stream, and the counts where it asks for them', async () => {
    const drawn = { temperature: 2, seed: 5 };
    const whole = await text('What colour is it?', drawn);
    const stream = await client.chat.completions.create({
      ...asked('What colour is it?', drawn),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const pieces = chunks.map(({ choices }) => choices[0]?.delta.content ?? '');
    expect(pieces.join('').trimEnd()).toBe(whole);
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(1);
    expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant');
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toMatch(/^(stop|length)$/);
    expect(chunks.at(-1)!.usage!.completion_tokens).toBeGreaterThan(0);
  });

  it('gets what sampling, seeds, limits and stop texts ask for', async () => {
    const draw = (seed: number): Promise<string> => text('Tell me more.', { temperature: 2, seed });
    expect(await draw(1)).toBe(await draw(1));
    expect(await draw(1)).not.toBe(await draw(2));
    const whole = await text('What is there?');
    const stop = whole.slice(3, 6);
    expect(await text('What is there?', { stop })).toBe(whole.slice(0, whole.indexOf(stop)).trimEnd());
    const one = await client.chat.completions.create(
      asked('What is there?', { max_completion_tokens: null, max_tokens: 1 }),
    );
    expect([one.usage!.completion_tokens, one.choices[0]!.finish_reason]).toEqual([1, 'length']);
  });

  it('goes on with a dialogue, with words of the system and two pictures', async () => {
    const messages: Request['messages'] = [
      { role: 'system', content: 'Answer briefly.' },
      { role: 'user', content: [image, { type: 'text', text: 'What is it?' }] },
      { role: 'assistant', content: 'A red square.' },
      { role: 'user', content: [image, { type: 'text', text: 'And this?' }] },
    ];
    const answer = await client.chat.completions.create(asked('', { messages }));
    expect(answer.usage!.prompt_tokens).toBeGreaterThan(128);
  });

  it('gets answers to 16 requests at once as it gets each alone, in fewer batches', async () => {
    const questions = Array.from({ length: 16 }, (_, index) => `What is thing ${index}?`);
    const alone = [];
    for (const question of questions.slice(0, 4)) alone.push(await text(question));
    const before = await metric('llava_batch_rows_count');
    const together = await Promise.all(questions.map((question) => text(question)));
    expect(together.slice(0, 4)).toEqual(alone);
    expect((await metric('llava_batch_rows_count')) - before).toBeLessThan(6);
  });

  it('can go away: its row is freed and nothing else notices', async () => {
    const stream = await client.chat.completions.create({
      ...asked('Go on.', { max_completion_tokens: 48 }),
      stream: true,
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break; // closes the connection
    await expect.poll(() => metric('llava_requests_running')).toBe(0);
    await expect.poll(() => metric('llava_requests_total{route="/v1/chat/completions",status="499"}')).toBe(1);
    expect(await text('What is in the picture?')).toMatch(/\w/);
  });

  it('is asked to come back when too many wait', async () => {
    const many = Array.from({ length: 40 }, (_, index) => client.chat.completions.create(asked(`Is it ${index}?`)));
    const ends = await Promise.allSettled(many);
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as APIError] : []));
    expect(ends.length - refused.length).toBeGreaterThanOrEqual(16);
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused.map((error) => error.status))).toEqual(new Set([429]));
    expect(Number((refused[0]!.headers as Headers).get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('lists the model', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['tiny']);
    expect((await client.models.retrieve('tiny')).owned_by).toBe('llava-ts');
  });
});

describe('a request that cannot be answered', () => {
  it('is told which field is wrong', async () => {
    expect(await refusal({ ...asked('?'), temperature: 9 })).toMatchObject({ status: 400, param: 'temperature' });
    expect(await refusal({ ...asked('?'), n: 2 })).toMatchObject({ status: 400, param: 'n' });
    expect(await refusal({ ...asked('?'), messages: [] })).toMatchObject({ status: 400, param: 'messages' });
    expect(await refusal({ ...asked('?'), model: 'gpt-4o' })).toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('is told what is wrong with its pictures and words', async () => {
    const content = (url: string): Request => ({
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    });
    const http = await refusal(asked('', content('http://127.0.0.1:1/cat.png')));
    expect([http.status, http.code]).toEqual([400, 'invalid_image_url']);
    const damaged = await refusal(asked('', content('data:image/png;base64,AAAA')));
    expect([damaged.status, damaged.message]).toEqual([400, expect.stringContaining('picture 1')]);
    const three = [image, image, image];
    expect((await refusal(asked('', { messages: [{ role: 'user', content: three }] }))).message).toContain('at most 2');
    expect((await refusal(asked('', { messages: [{ role: 'user', content: 'an <image>' }] }))).status).toBe(400);
    expect((await refusal(asked('many words '.repeat(2000)))).message).toContain('tokens');
  });

  it('is refused when it is too large, has no key, or asks for what is not there', async () => {
    expect((await refusal(asked('x'.repeat(150_000)))).status).toBe(413);
    const stranger = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await fetch(`${serving.url}/v1/embeddings`, { method: 'POST', headers })).status).toBe(404);
    expect((await fetch(`${serving.url}/v1/chat/completions`, { headers })).status).toBe(405);
    expect((await fetch(`${serving.url}/health`)).status).toBe(200);
  });

  it('is not even heard without a key where others could reach the server', async () => {
    await expect(startServing({ folder, host: '0.0.0.0' })).rejects.toThrow('--api-key-file');
  });
});

describe('over gRPC', () => {
  const chat = async (request: object, key = KEY): Promise<{ text: string; last: { finish?: string } }> => {
    const { Assistant } = loadLlavaV1();
    const assistant = new Assistant(serving.grpc!, credentials.createInsecure());
    const { Metadata } = await import('@grpc/grpc-js');
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${key}`);
    try {
      let whole = '';
      let last = {};
      for await (const chunk of assistant.Chat(request, metadata) as AsyncIterable<{ text: string; finish: string }>) {
        whole += chunk.text;
        last = chunk;
      }
      return { text: whole.trimEnd(), last };
    } finally {
      assistant.close();
    }
  };

  it('the same answer comes as over HTTP', async () => {
    const picture = Buffer.from((await colouredPicture('red')).split(',')[1]!, 'base64');
    const turns = [{ role: 'ROLE_USER', text: 'What colour is it?', pictures: [picture] }];
    const answer = await chat({ turns, maxTokens: 12 });
    expect(answer.text).toBe(await text('What colour is it?'));
    expect(answer.last.finish).toMatch(/FINISH_(STOP|LENGTH)/);
  });

  it('callers without the key, and without a question, are refused', async () => {
    const code = async (call: Promise<unknown>): Promise<number> =>
      ((await call.catch((error: unknown) => error)) as ServiceError).code;
    expect(await code(chat({ turns: [] }, 'wrong'))).toBe(status.UNAUTHENTICATED);
    expect(await code(chat({ turns: [] }))).toBe(status.INVALID_ARGUMENT);
  });
});

it('a server that is closed finishes what it has begun', async () => {
  const other = await startServing({ folder: join(folder, 'tiny'), maxBatch: 1, maxNewTokens: 32 });
  const there = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const stream = await there.chat.completions.create({
    ...asked('Go on.', { max_completion_tokens: 32 }),
    stream: true,
  });
  let closing: Promise<void> | null = null;
  let finish: string | null = null;
  for await (const { choices } of stream) {
    closing ??= other.close();
    finish = choices[0]?.finish_reason ?? finish;
  }
  await closing;
  expect(finish).toMatch(/stop|length/);
  await expect(fetch(`${other.url}/health`)).rejects.toThrow();
});
