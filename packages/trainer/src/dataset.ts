import { join } from 'node:path';
import { openSampleSet, writeScenesDataset } from '@llava-ts/data';
import type { MixturePart, SampleSet } from '@llava-ts/data';
import type { ProgressListener } from '@llava-ts/telemetry';
import type { DataConfig, MixtureConfig, ScenesConfig } from './run-config.js';

/** Where derived files may be kept between runs. */
export interface DatasetOptions {
  readonly cacheDir: string;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/**
 * Opens the samples of a stage: composes scenes and indexes files in `cacheDir` first, unless they are there already.
 * @throws {LlavaError} `not-found` or `bad-input`, naming file, index and field; what `openSampleSet` throws
 */
export async function openDataset(
  data: DataConfig,
  { cacheDir, onProgress, signal }: DatasetOptions,
): Promise<SampleSet> {
  const options = { cacheDir, ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return openSampleSet(await resolveParts(data, options), {
    ...options,
    ...('mixture' in data && data.seed !== undefined && { seed: data.seed }),
    ...(data.quarantine !== undefined && { quarantine: data.quarantine }),
  });
}

/** The parts of a stage's data as paths: scenes are composed first. Plain data, which a thread can open again. */
export async function resolveParts(data: DataConfig, options: DatasetOptions): Promise<MixturePart[]> {
  if (!('mixture' in data)) return [await resolvePart(data, options)];
  const parts: MixturePart[] = [];
  for (const part of data.mixture) parts.push(await resolvePart(part, options)); // one after the other: one progress bar at a time
  return parts;
}

async function resolvePart(part: MixtureConfig, options: DatasetOptions): Promise<MixturePart> {
  const { take, weight } = part;
  const rule = { ...(take !== undefined && { take }), ...(weight !== undefined && { weight }) };
  if ('json' in part) return { path: part.json, images: part.images, ...rule };
  if ('path' in part) return { path: part.path, ...(part.images !== undefined && { images: part.images }), ...rule };
  const { json, images } = await composeScenes(part.scenes, options);
  return { path: json, images, ...rule };
}

function composeScenes(
  { count, seed, kind, questionsPerScene = 4 }: ScenesConfig,
  { cacheDir, onProgress }: DatasetOptions,
): Promise<{ json: string; images: string }> {
  return writeScenesDataset(
    join(cacheDir, 'scenes', `${kind}-${count}-${seed}-${questionsPerScene}`),
    { count, seed, kind, questionsPerScene, split: 'train' },
    onProgress,
  );
}
