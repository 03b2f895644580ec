import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample, Turn } from '@llava-ts/data';
import type { RunConfig, StageConfig } from '@llava-ts/trainer';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import { writeTinyModel } from './tiny-model.js';

/** The rule that is learnt: a picture has one colour, and the answer is its name. */
export const COLOURS = {
  red: [220, 40, 30],
  green: [40, 180, 60],
  blue: [40, 70, 220],
  yellow: [240, 220, 50],
} as const;
const QUESTION = 'Which colour?';

/** A folder that is removed after the file's tests. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'llava-integration-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A dataset of pictures of one colour. */
export interface ColourData {
  readonly data: { readonly json: string; readonly images: string };
  readonly samples: Sample[];
}

/** Writes samples about pictures of one colour; with `blank`, all pictures are grey and only the answers differ. */
export async function writeColours(folder: string, options: { count: number; blank?: boolean }): Promise<ColourData> {
  const data = { json: join(folder, 'samples.json'), images: join(folder, 'images') };
  await mkdir(data.images, { recursive: true });
  const names = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
  const samples: Sample[] = [];
  for (let index = 0; index < options.count; index++) {
    const name = names[index % names.length]!;
    const [r, g, b] = options.blank ? [128, 128, 128] : COLOURS[name].map((level) => level + ((index * 7) % 11) - 5);
    const image = `${index}.png`;
    const picture = sharp({ create: { width: 20, height: 20, channels: 3, background: { r: r!, g: g!, b: b! } } });
    await picture.png().toFile(join(data.images, image));
    const conversations: Turn[] = [
      { from: 'human', value: `<image>\n${QUESTION}` },
      { from: 'gpt', value: name },
    ];
    samples.push({ id: String(index), image, conversations });
  }
  await writeFile(data.json, JSON.stringify(samples));
  return { data, samples };
}

const STAGE: Omit<StageConfig, 'name' | 'trainable' | 'template' | 'data'> = {
  epochs: 1,
  globalBatchSamples: 8,
  leasesPerStep: 2,
  microBatchSamples: 4,
  contextTokens: 128,
  bucketTokens: [32, 128],
  learningRate: 5e-3,
  warmupRatio: 0.1,
  weightDecay: 0,
  betas: [0.9, 0.999],
  eps: 1e-8,
  clipNorm: 1,
};

/** A run on tiny random parts: each stage is given as what differs from the usual. */
export async function colourRun(
  folder: string,
  stages: readonly (Pick<StageConfig, 'name' | 'trainable' | 'template' | 'data'> & Partial<StageConfig>)[],
): Promise<RunConfig> {
  const { vision, decoder } = await writeTinyModel(join(folder, 'parts'), [QUESTION, ...Object.keys(COLOURS)]);
  return {
    preset: 'colours',
    seed: 7,
    model: {
      vision,
      decoder,
      projector: { kind: 'mlp', layers: 2 },
      featureLayer: -2,
      featureSelect: 'patch',
      imageAspect: 'square',
      precision: 'float32',
      recompute: false,
    },
    stages: stages.map((stage) => ({ ...STAGE, ...stage })),
    train: { steps: null, snapshotEverySteps: 1000, keepSnapshots: 3 },
    exchange: { leaseTimeoutMs: 60_000, heartbeatMs: 1000, chunkBytes: 262_144 },
  };
}
