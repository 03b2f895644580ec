import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '@llava-ts/recipes';
import { startServing } from '@llava-ts/serve';
import { exportModel } from '@llava-ts/trainer';
import OpenAI from 'openai';
import sharp from 'sharp';
import { median } from './contestant.js';
import { printTable } from './table.js';

const ROUNDS = 5;
const AT_ONCE = 16;
const TOKENS = 64;

/**
 * `npm run bench -- serve`: tokens a second through HTTP for one request, and for 16 at once in batches of 16, of 8 and one after
 * the other. The model is the preset `tiny` untrained: what its answers say does not matter, they are drawn at a high temperature so that they are long.
 */
export async function benchServe({ json }: { json?: boolean }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-serve-'));
  try {
    await exportModel(join(folder, 'tiny'), await resolveConfig({ preset: 'tiny' }), new Map());
    const rows = [];
    for (const maxBatch of [1, 8, AT_ONCE]) rows.push(await measure(join(folder, 'tiny'), maxBatch));
    const [single] = rows;
    const ratios = rows.map(({ maxBatch, alone, together }) => ({
      maxBatch,
      alone,
      together,
      togetherToSingle: single === undefined ? null : together / single.together,
    }));
    if (json === true) return void process.stdout.write(`${JSON.stringify(ratios)}\n`);
    printTable(
      [`answers of up to ${TOKENS} tokens over HTTP`, 'one, tokens/s', `${AT_ONCE} at once, tokens/s`, 'to batch 1'],
      ratios.map(({ maxBatch, alone, together, togetherToSingle }) => [
        `--max-batch ${maxBatch}`,
        alone.toFixed(0),
        together.toFixed(0),
        `${(togetherToSingle ?? NaN).toFixed(2)} x`,
      ]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(
  folder: string,
  maxBatch: number,
): Promise<{ maxBatch: number; alone: number; together: number }> {
  const serving = await startServing({ folder, maxBatch, maxImages: 1, maxNewTokens: TOKENS, wordTokens: 64 });
  const client = new OpenAI({ baseURL: `${serving.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const png = await sharp({ create: { width: 96, height: 96, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const url = `data:image/png;base64,${png.toString('base64')}`;
  const ask = async (): Promise<number> => {
    const answer = await client.chat.completions.create({
      model: serving.model,
      max_completion_tokens: TOKENS,
      temperature: 2,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url } },
            { type: 'text', text: 'Tell.' },
          ],
        },
      ],
    });
    return answer.usage?.completion_tokens ?? 0;
  };
  const speed = async (requests: number): Promise<number> => {
    const began = performance.now();
    const counts = await Promise.all(Array.from({ length: requests }, ask));
    return (1000 * counts.reduce((sum, count) => sum + count, 0)) / (performance.now() - began);
  };
  const [alone, together]: [number[], number[]] = [[], []];
  await speed(AT_ONCE); // warms up
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await speed(1));
    together.push(await speed(AT_ONCE));
    process.stderr.write(`--max-batch ${maxBatch}: round ${round + 1} of ${ROUNDS}\n`);
  }
  await serving.close();
  return { maxBatch, alone: median(alone), together: median(together) };
}
