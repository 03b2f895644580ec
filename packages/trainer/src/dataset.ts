import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSamples, writeScenesDataset } from '@llava-ts/data';
import type { Sample } from '@llava-ts/data';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import type { DataConfig } from './run-config.js';

/** The samples of a stage. */
export interface Dataset {
  readonly samples: readonly Sample[];
  /** Folder that the samples' `image` is relative to. */
  readonly images: string;
  /** SHA-256 in hex of what the samples were read from: two runs with the same digest see the same samples in the same order. */
  readonly digest: string;
}

/** Where derived files may be kept between runs. */
export interface DatasetOptions {
  readonly cacheDir: string;
  readonly onProgress?: ProgressListener;
}

/**
 * Opens the samples of a stage; scenes are composed into `cacheDir` first, unless they are there already.
 * @throws {LlavaError} `not-found` or `bad-input`, naming file, index and field
 */
export async function openDataset(data: DataConfig, { cacheDir, onProgress }: DatasetOptions): Promise<Dataset> {
  if ('json' in data) {
    const digest = createHash('sha256')
      .update(await readBytes(data.json))
      .digest('hex');
    return { samples: requireSamples(await readSamples(data.json), data.json), images: data.images, digest };
  }
  const { count, seed, kind, questionsPerScene = 4 } = data.scenes;
  const written = await writeScenesDataset(
    join(cacheDir, 'scenes', `${kind}-${count}-${seed}-${questionsPerScene}`),
    { count, seed, kind, questionsPerScene, split: 'train' },
    onProgress,
  );
  return { samples: await readSamples(written.json), images: written.images, digest: written.digest };
}

async function readBytes(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new LlavaError(
      'not-found',
      `${file}: the dataset's JSON file cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      { cause },
    );
  });
}

function requireSamples(samples: Sample[], file: string): Sample[] {
  if (samples.length === 0)
    throw new LlavaError('bad-input', `${file}: expected at least one sample, the array is empty`);
  return samples;
}
