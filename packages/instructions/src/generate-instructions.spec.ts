import { spawn } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { readSamples } from '@llava-ts/data';
import { afterEach, describe, expect, test } from 'vitest';

import { generateAndRead, sceneAnnotations, sceneOptions } from '../testing/generate-scenes.js';
import { serveScript, type Behaviour, type ScriptedEndpoint, type SeenRequest } from '../testing/scripted-endpoint.js';
import { generateInstructions } from './generate-instructions.js';

const endpoints: ScriptedEndpoint[] = [];
async function serve(script: (request: SeenRequest, index: number) => Behaviour): Promise<ScriptedEndpoint> {
  const endpoint = await serveScript(script);
  endpoints.push(endpoint);
  return endpoint;
}
afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

const sentLines = (ledger: readonly string[]): string[] => ledger.filter((line) => line.includes('"event":"sent"'));

describe('generateInstructions', () => {
  test('writes a sample per picture, in order, that readSamples reads; the ledger has one request each', async () => {
    const endpoint = await serve(() => 'write');
    const options = await sceneOptions(endpoint.baseUrl);
    const { report, ledger } = await generateAndRead(options);
    expect(report).toMatchObject({ complete: true, samples: 20, requests: { sent: 20, answered: 20, failed: 0 } });
    expect(endpoint.seen).toHaveLength(20);
    expect(sentLines(ledger)).toHaveLength(20);
    const samples = await readSamples(path.join(options.outDir, 'samples.json'));
    expect(samples.map(({ image }) => image)).toEqual(options.captions.pictures.map(({ image }) => image));
  });

  test('never sends a picture: conversations see captions, the other types boxes too', async () => {
    const endpoint = await serve(() => 'write');
    await generateInstructions(await sceneOptions(endpoint.baseUrl));
    const contexts = endpoint.seen.map(({ messages }) => messages.at(-1)?.content ?? '');
    const withBoxes = contexts.filter((context) => /: \[\d/.test(context));
    expect(withBoxes.length).toBeGreaterThan(0);
    expect(withBoxes.length).toBeLessThan(20);
    expect(endpoint.seen.every(({ messages }) => messages.every(({ content }) => typeof content === 'string'))).toBe(
      true,
    );
    expect(JSON.stringify(endpoint.seen.map(({ body }) => body))).not.toMatch(/image_url|\.png/);
  });

  test('a busy, failing, garbled or cut off endpoint is asked again, and every request is in the ledger', async () => {
    const trouble: Behaviour[] = [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 503 },
      'cut-body',
      'garbage',
    ];
    const endpoint = await serve((_, index) => trouble[index] ?? 'write');
    const options = await sceneOptions(endpoint.baseUrl);
    const { report, ledger } = await generateAndRead(options);
    expect(report).toMatchObject({ complete: true, samples: 20, requests: { sent: 24, answered: 20, failed: 4 } });
    expect(endpoint.seen).toHaveLength(24);
    expect(sentLines(ledger)).toHaveLength(24);
    expect(endpoint.charged.size).toBe(20);
    expect(options.waitsMs).toContain(7000); // as the endpoint asked
    const calm = await serve(() => 'write');
    expect((await generateAndRead(await sceneOptions(calm.baseUrl))).samples).toBe(
      await readFile(path.join(options.outDir, 'samples.json'), 'utf8'),
    );
  });

  test('an answer that does not come in time is given up and asked for again', async () => {
    const endpoint = await serve((_, index) => (index === 0 ? 'hold' : 'write'));
    const options = await sceneOptions(endpoint.baseUrl, { captions: sceneAnnotations(2) });
    const { report, ledger } = await generateAndRead({ ...options, endpoint: { ...options.endpoint, timeoutMs: 300 } });
    expect(report.requests).toEqual({ sent: 3, answered: 2, failed: 1 });
    expect(ledger.join('\n')).toContain('"reason":"no answer in time","charged":"unknown"');
  });

  test('a malformed answer is asked for once more, told what is wrong; a second one is dropped and reported', async () => {
    const endpoint = await serve(({ messages }) => {
      const context = messages.findLast(({ role, content }) => role === 'user' && content.includes('top to bottom'));
      const again = messages.at(-1) !== context;
      return again && messages.at(-1)?.content.includes('cut off')
        ? { text: 'Question:\nWhat is it?\n===\nAnswer:\na car' }
        : { text: 'Question:\nWhat is', finish: again ? 'stop' : messages.length % 2 === 0 ? 'length' : 'stop' };
    });
    const options = await sceneOptions(endpoint.baseUrl, {
      captions: sceneAnnotations(6),
      draw: { weights: { conversation: 1, detail: 0, reasoning: 0 }, perPicture: 1, seed: 1 },
    });
    const { report } = await generateAndRead(options);
    expect(endpoint.seen).toHaveLength(12);
    expect(report).toMatchObject({ samples: 6, requests: { sent: 12, answered: 12 } });
    expect(endpoint.seen.at(-1)?.messages.at(-1)?.content).toMatch(/cut off.*Write it again/);
    const hopeless = await serve(() => ({ text: 'I would rather not.' }));
    const bad = await generateAndRead(
      await sceneOptions(hopeless.baseUrl, { captions: sceneAnnotations(3), draw: options.draw }),
    );
    expect(hopeless.seen).toHaveLength(6);
    expect(bad.report).toMatchObject({ complete: true, samples: 0, dropped: { malformed: { samples: 3 } } });
    expect(bad.report.dropped.malformed?.examples[0]?.detail).toMatch(/expected "Question:"/);
  });

  test('keeps to the number of requests at the same time', async () => {
    const endpoint = await serve(({ messages }) => ({ text: messages.length > 0 ? 'a car' : '', afterMs: 5 }));
    await generateInstructions(await sceneOptions(endpoint.baseUrl, { concurrency: 3 }));
    expect(endpoint.peak()).toBe(3);
  });

  test('stops before more than the most one wants to spend could be spent, and goes on with a larger limit', async () => {
    const endpoint = await serve(() => 'write');
    const prices = { inputPerMillion: 1000, outputPerMillion: 10_000 };
    const options = await sceneOptions(endpoint.baseUrl, { prices, maxCost: 5 });
    const first = await generateAndRead(options);
    expect(first.report.stopped).toBe('max-cost');
    expect(first.report.complete).toBe(false);
    expect(first.report.samples).toBeGreaterThan(0);
    expect(first.report.cost?.spent).toBeLessThanOrEqual(5);
    const second = await generateAndRead({ ...options, maxCost: 1000 });
    expect(second.report).toMatchObject({ stopped: 'done', complete: true, samples: 20 });
    expect(endpoint.seen).toHaveLength(20);
  });

  test('a key that is refused ends the run at once, and is not told', async () => {
    const endpoint = await serve(() => ({ status: 401, message: 'Incorrect API key provided: sk-secret' }));
    const options = await sceneOptions(endpoint.baseUrl, { concurrency: 1 });
    await expect(generateInstructions(options)).rejects.toThrow(
      /refuses all requests: 401 Incorrect API key provided: \*\*\*/,
    );
    expect(endpoint.seen).toHaveLength(1);
    expect(await readFile(path.join(options.outDir, 'ledger.jsonl'), 'utf8')).not.toContain('sk-secret');
  });

  test('an endpoint that is down ends the run with what to do; what was answered is kept', async () => {
    const endpoint = await serve((_, index) => (index < 4 ? 'write' : { status: 500 }));
    const options = await sceneOptions(endpoint.baseUrl, { concurrency: 1, maxAttempts: 2 });
    await expect(generateInstructions(options)).rejects.toMatchObject({ code: 'unavailable' });
    const healthy = await serve(() => 'write');
    const { report } = await generateAndRead({
      ...options,
      endpoint: { ...options.endpoint, baseUrl: healthy.baseUrl },
    });
    expect(report.complete).toBe(true);
    expect(healthy.seen).toHaveLength(16);
  });

  test('a question that the endpoint will not answer is left out for good and reported', async () => {
    const endpoint = await serve((_, index) => (index === 2 ? { status: 400, message: 'content policy' } : 'write'));
    const options = await sceneOptions(endpoint.baseUrl);
    const { report } = await generateAndRead(options);
    expect(report).toMatchObject({ complete: true, samples: 19, dropped: { refused: { samples: 1 } } });
    await generateInstructions(options);
    expect(endpoint.seen).toHaveLength(20);
  });

  test('Ctrl-C waits for what is under way, keeps it, and the same call goes on', async () => {
    const controller = new AbortController();
    const endpoint = await serve((_, index) => {
      if (index === 5) controller.abort();
      return 'write';
    });
    const options = await sceneOptions(endpoint.baseUrl, { signal: controller.signal });
    const stopped = await generateAndRead(options);
    expect(stopped.report.stopped).toBe('cancelled');
    expect(stopped.report.requests.answered).toBe(endpoint.seen.length);
    const { report } = await generateAndRead({ ...options, signal: new AbortController().signal });
    expect(report).toMatchObject({ stopped: 'done', complete: true, samples: 20 });
    expect(endpoint.seen).toHaveLength(20);
  });

  test('a folder that was begun with other settings, or is in use, is refused', async () => {
    const endpoint = await serve(() => 'write');
    const options = await sceneOptions(endpoint.baseUrl);
    await generateInstructions(options);
    const other = { ...options, draw: { ...options.draw, seed: 2 } };
    await expect(generateInstructions(other)).rejects.toThrow(/begun with other settings \(seed was 1, is 2\)/);
    await writeFile(path.join(options.outDir, 'lock'), String(process.ppid));
    await expect(generateInstructions(options)).rejects.toMatchObject({ code: 'refused' });
  });

  test('a last line that a kill cut short is taken away; its request is in doubt', async () => {
    const endpoint = await serve(() => 'write');
    const options = await sceneOptions(endpoint.baseUrl);
    const whole = await generateAndRead(options);
    const ledger = path.join(options.outDir, 'ledger.jsonl');
    const lines = whole.ledger;
    const last = lines.findLastIndex((line) => line.includes('"event":"answered"'));
    await writeFile(ledger, `${lines.toSpliced(last, 1).join('\n')}\n`);
    await appendFile(ledger, '{"event":"answ');
    expect((await generateAndRead(options)).report).toMatchObject({ inDoubt: 1, unanswered: 1, samples: 19 });
    expect(endpoint.seen).toHaveLength(20);
    const { samples } = await generateAndRead({ ...options, askInDoubt: true });
    expect(samples).toBe(whole.samples);
    expect(endpoint.charged.size).toBe(20); // the key was the same
  });
});

describe('kill -9 with requests under way', () => {
  const program = fileURLToPath(new URL('../testing/generate-program.mjs', import.meta.url));

  async function killedAt(
    holdFrom: number,
  ): Promise<{ endpoint: ScriptedEndpoint; outDir: string; held: () => boolean }> {
    let holding = true;
    const endpoint = await serve((_, index) => (holding && index >= holdFrom ? 'hold' : 'write'));
    const { outDir } = await sceneOptions(endpoint.baseUrl);
    const child = spawn(process.execPath, [program, endpoint.baseUrl, outDir], { stdio: 'inherit' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await expect.poll(() => endpoint.seen.length, { timeout: 30_000 }).toBe(holdFrom + 4);
    child.kill('SIGKILL');
    await ended;
    holding = false;
    return { endpoint, outDir, held: () => holding };
  }

  test('nothing is paid twice: the ledger has the endpoint’s requests, what was under way is left and listed', async () => {
    const { endpoint, outDir } = await killedAt(9);
    const options = await sceneOptions(endpoint.baseUrl, { outDir });
    const { report, ledger } = await generateAndRead(options);
    expect(report).toMatchObject({ complete: false, inDoubt: 4, unanswered: 4, samples: 16 });
    expect(endpoint.seen).toHaveLength(20); // one each, whatever was killed
    expect(new Set(endpoint.seen.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(20);
    expect(sentLines(ledger)).toHaveLength(20);
  });

  test('asked again, the result is that of a run that nobody disturbed, bit for bit', async () => {
    const { endpoint, outDir } = await killedAt(6);
    const { samples, ledger, report } = await generateAndRead(
      await sceneOptions(endpoint.baseUrl, { outDir, askInDoubt: true }),
    );
    expect(report).toMatchObject({ complete: true, inDoubt: 0, samples: 20 });
    expect(endpoint.seen).toHaveLength(24);
    expect(sentLines(ledger)).toHaveLength(24);
    expect(endpoint.charged.size).toBe(20); // an endpoint that knows Idempotency-Key charges for each once
    const calm = await serve(() => 'write');
    const undisturbed = await generateAndRead(await sceneOptions(calm.baseUrl));
    expect(samples).toBe(undisturbed.samples);
  });
});
