import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIP_MEAN, CLIP_STD, loadPixels } from '@llava-ts/data';
import { serve } from './contestant.js';

const folder = process.argv[2] ?? '.';
const files = (await readdir(folder)).sort().map((name) => join(folder, name));
const preprocessing = { sizePx: 336, aspect: 'square', mean: CLIP_MEAN, std: CLIP_STD } as const;
const load = (): Promise<Float32Array[]> => Promise.all(files.map((file) => loadPixels(file, preprocessing)));

await load();
const sum = (await load()).reduce((total, pixels) => pixels.reduce((partial, value) => partial + value, total), 0);
await serve({ pictures: files.length, sum }, async () => {
  await load();
});
