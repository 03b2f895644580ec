import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { composeScene, sceneBoxes, sceneCaptions, seededRandom } from '@llava-ts/data';

import type { CaptionFile } from '../src/read-captions.js';
import { DEFAULT_FILTERS } from '../src/filters/pair-filters.js';
import type { GenerateOptions, GenerateReport } from '../src/generate-instructions.js';
import { generateInstructions } from '../src/generate-instructions.js';
import { readPrompts } from '../src/prompts.js';

/** Captions and boxes of so many scenes. */
export function sceneAnnotations(count: number): CaptionFile {
  const pictures = Array.from({ length: count }, (_, index) => {
    const random = seededRandom(5, index);
    const scene = composeScene(random, { split: 'train' });
    const boxes = sceneBoxes(scene).map(({ name, box }) => ({ category: name, box }));
    return { id: `scene-${index}`, image: `${index}.png`, captions: sceneCaptions(scene, random), boxes };
  });
  return { pictures, digest: `scenes-${count}` };
}

/** Options of a run on a temporary folder; waits take no time and are noted in `waitsMs`. */
export async function sceneOptions(
  baseUrl: string,
  changes: Partial<GenerateOptions> = {},
): Promise<GenerateOptions & { readonly waitsMs: number[] }> {
  const waitsMs: number[] = [];
  let nowMs = 0;
  const endpoint = {
    baseUrl,
    apiKey: 'sk-secret',
    model: 'm',
    maxOutputTokens: 100,
    timeoutMs: 2000,
    temperature: null,
  };
  return {
    captions: sceneAnnotations(20),
    prompts: await readPrompts(),
    draw: { weights: { conversation: 1, detail: 1, reasoning: 1 }, perPicture: 1, seed: 1 },
    endpoint,
    outDir: changes.outDir ?? (await mkdtemp(path.join(tmpdir(), 'instructions-'))),
    concurrency: 4,
    limits: { requestsPerMinute: null, tokensPerMinute: null },
    maxAttempts: 4,
    prices: null,
    maxCost: null,
    askInDoubt: false,
    filters: {
      ...DEFAULT_FILTERS,
      language: null,
      minWords: { conversation: 1, detail: 1, reasoning: 1 },
      nearDuplicates: null,
    },
    clock: {
      now: () => nowMs,
      sleep: async (ms) => {
        waitsMs.push(ms);
        nowMs += ms;
      },
    },
    signal: new AbortController().signal,
    waitsMs,
    ...changes,
  };
}

/** Runs and reads what was written. */
export async function generateAndRead(
  options: GenerateOptions,
): Promise<{ report: GenerateReport; samples: string; ledger: string[] }> {
  const report = await generateInstructions(options);
  const read = (name: string): Promise<string> => readFile(path.join(options.outDir, name), 'utf8');
  return { report, samples: await read('samples.json'), ledger: (await read('ledger.jsonl')).trim().split('\n') };
}
