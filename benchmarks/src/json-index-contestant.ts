import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openSampleSet } from '@llava-ts/data';
import { serve } from './contestant.js';

const [, , mode, file = '', cacheDir = ''] = process.argv;

async function hash(): Promise<void> {
  const sha = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 2 << 20 })) sha.update(chunk as Buffer);
  sha.digest();
}

/** Opens the file and reads a thousand samples all over it. */
async function index(): Promise<void> {
  const set = await openSampleSet([{ path: file }], { cacheDir });
  for (let at = 0; at < 1000; at++) await set.read((at * 7919) % set.samples);
  await set.close();
}

await serve({}, mode === 'hash' ? hash : index);
