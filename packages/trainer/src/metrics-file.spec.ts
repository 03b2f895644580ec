import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendMetrics, openMetrics } from './metrics-file.js';
import type { StepRecord } from './metrics-file.js';
import type { RunConfig } from './run-config.js';

const config = { stages: [{ name: 'align' }, { name: 'instruct' }] } as unknown as RunConfig;
const record = (stage: string, step: number): StepRecord => ({
  stage,
  step,
  steps: 9,
  loss: 1,
  gradNorm: 1,
  learningRate: 1,
  labelTokens: 1,
  samples: 1,
  tokens: 9,
  truncatedSamples: 0,
  skippedSamples: 0,
  ms: 1,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llava-metrics-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('metrics file', () => {
  it('is cut back to where a run goes on, also when its last line was cut short by a kill', async () => {
    const file = join(folder, 'metrics.jsonl');
    await openMetrics(file, config, { stage: 0, step: 0 });
    for (const [stage, step] of [
      ['align', 1],
      ['align', 2],
      ['instruct', 1],
      ['instruct', 2],
    ] as const)
      await appendMetrics(file, record(stage, step));
    await appendFile(file, '{"stage":"instruct","st');
    await openMetrics(file, config, { stage: 1, step: 1 });
    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as StepRecord);
    expect(lines.map(({ stage, step }) => `${stage} ${step}`)).toEqual(['align 1', 'align 2', 'instruct 1']);
    await openMetrics(file, config, { stage: 0, step: 0 });
    expect(await readFile(file, 'utf8')).toBe('');
  });
});
