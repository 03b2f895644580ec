import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLIP_MEAN, CLIP_STD, collate, openSampleSet, startPreparationThreads } from '@llava-ts/data';
import { serve } from './contestant.js';

const BATCH = 16;
const AHEAD = 2;
const PATCHES = 576;

/** An epoch through the preparation threads: as many as there are cores, batches of 16, two of them under way. */
const [, , path = '', folder = ''] = process.argv;
const parts = [{ path, images: join(folder, 'images') }];
const set = await openSampleSet(parts, { cacheDir: folder });
const preparation = startPreparationThreads(
  {
    parts,
    set: { cacheDir: folder },
    tokenizer: fileURLToPath(new URL('../../assets/tiny/decoder', import.meta.url)),
    rules: {
      template: 'v1',
      imageTokens: PATCHES,
      contextTokens: 2048,
      longSamples: 'refuse',
      onBadSample: 'stop',
      preprocessing: { sizePx: 336, aspect: 'square', mean: CLIP_MEAN, std: CLIP_STD },
    },
  },
  availableParallelism(),
);

async function makeBatch(first: number): Promise<Float32Array> {
  const ordinals = Array.from({ length: BATCH }, (_, at) => first + at);
  const [encoded, pixels] = await Promise.all([
    preparation.encode(ordinals),
    Promise.all(ordinals.map((ordinal) => preparation.pixels(ordinal))),
  ]);
  collate(encoded, { tokens: Math.max(...encoded.map(({ ids }) => ids.length)), padId: 0, imageTokens: PATCHES });
  const batch = new Float32Array(BATCH * (pixels[0]?.length ?? 0));
  pixels.forEach((values, row) => batch.set(values, row * values.length));
  return batch;
}

async function epoch(): Promise<void> {
  const pending: Promise<Float32Array>[] = [];
  for (let first = 0; first < set.samples; first += BATCH) {
    pending.push(makeBatch(first));
    if (pending.length > AHEAD) await pending.shift();
  }
  await Promise.all(pending);
}

await epoch();
await serve({}, epoch);
