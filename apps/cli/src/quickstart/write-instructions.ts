import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeScenesDataset } from '@llava-ts/data';
import {
  SCENE_WRITER,
  generateInstructions,
  readCaptions,
  readPrompts,
  serveSceneWriter,
} from '@llava-ts/instructions';
import type { FilterOptions, GenerateReport, ResponseWeights } from '@llava-ts/instructions';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import type { RunConfig } from '@llava-ts/trainer';
import type { CliContext } from '../context.js';

/** Mostly conversations: the examination asks short questions. */
const WEIGHTS: ResponseWeights = { conversation: 8, detail: 1, reasoning: 1 };
/** Answers about scenes are short, and many scenes look much alike. */
const FILTERS: FilterOptions = {
  language: null,
  minWords: { conversation: 1, detail: 5, reasoning: 1 },
  maxWords: 100,
  nearDuplicates: null,
};
const CONCURRENCY = 64;

/** A run whose second stage learns from what was written, and the writer's report. */
export interface InstructedRun {
  readonly config: RunConfig;
  readonly report: GenerateReport;
}

/**
 * Has the instructions of the last stage written from captions and boxes alone, by a writer that is reached like any text model:
 * a deterministic one for composed scenes, on loopback. Then the stage reads what was written.
 */
export async function writeInstructions(
  config: RunConfig,
  cacheDir: string,
  progress: ProgressListener,
  context: CliContext,
): Promise<InstructedRun> {
  const stage = config.stages.at(-1);
  if (!stage || !('scenes' in stage.data))
    throw new LlavaError('internal', 'quickstart: the last stage has no scenes to write instructions for');
  const { count, seed } = stage.data.scenes;
  const scenes = await writeScenesDataset(
    path.join(cacheDir, 'scenes', `annotations-${count}-${seed}`),
    { count, seed, split: 'train', kind: 'annotations' },
    progress,
  );
  const outDir = path.join(cacheDir, `instructions-${count}-${seed}`);
  await rm(outDir, { recursive: true, force: true }); // costs nothing: written anew by this version's writer
  const writer = await serveSceneWriter();
  try {
    const report = await generateInstructions({
      captions: await readCaptions(scenes.json),
      prompts: await readPrompts(),
      draw: { weights: WEIGHTS, perPicture: 1, seed: config.seed },
      endpoint: {
        baseUrl: writer.baseUrl,
        apiKey: 'none',
        model: SCENE_WRITER,
        maxOutputTokens: 1024,
        timeoutMs: 30_000,
        temperature: null,
      },
      outDir,
      concurrency: CONCURRENCY,
      limits: { requestsPerMinute: null, tokensPerMinute: null },
      maxAttempts: 3,
      prices: null,
      maxCost: null,
      askInDoubt: true,
      filters: FILTERS,
      clock: { now: context.now, sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined) },
      signal: context.signal,
      onProgress: progress,
    });
    if (report.stopped === 'cancelled') throw new LlavaError('cancelled', 'stopped while instructions were written');
    const data = { json: path.join(outDir, 'samples.json'), images: scenes.images };
    return { config: { ...config, stages: [...config.stages.slice(0, -1), { ...stage, data }] }, report };
  } finally {
    await writer.close();
  }
}
