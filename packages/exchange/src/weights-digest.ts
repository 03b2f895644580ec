import { LlavaError } from '@llava-ts/telemetry';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Files that decide what a model computes: weights and the JSON beside them. */
const WEIGHT_FILES = /\.(safetensors|bin|json)$/;

/**
 * Digest of pretrained model folders, for `WorkerFingerprint.frozenDigest`: SHA-256 over names and bytes of their weight and JSON
 * files. Where the folders lie does not matter.
 * @throws {LlavaError} `not-found` for a folder that cannot be read or holds no such file.
 */
export async function weightsDigest(folders: readonly string[]): Promise<string> {
  const digest = createHash('sha256');
  for (const folder of folders) {
    const names = await readdir(folder).catch((cause: unknown) => {
      throw new LlavaError('not-found', `${folder}: a folder with model weights was expected here`, { cause });
    });
    const files = names.filter((name) => WEIGHT_FILES.test(name)).sort();
    if (files.length === 0) throw new LlavaError('not-found', `${folder}: holds no .safetensors, .bin or .json file`);
    digest.update(`folder ${files.length}\n`);
    for (const file of files) digest.update(`${basename(file)} ${await fileDigest(join(folder, file))}\n`);
  }
  return digest.digest('hex');
}

async function fileDigest(file: string): Promise<string> {
  const digest: Hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), digest);
  return digest.digest('hex');
}
