import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { LlavaError, type ProgressListener } from '@llava-ts/telemetry';

import { sceneImageName, writeDatasetFiles, type DatasetSummary, type ScenesOptions } from './dataset-files.js';

/** Where a written dataset is. */
export interface ScenesDataset extends DatasetSummary {
  /** LLaVA JSON file. */
  readonly json: string;
  /** Folder that the samples' `image` is relative to. */
  readonly images: string;
}

/** Raised whenever the same options give other bytes, so that older datasets are written again. */
const FORMAT = 4;

/** What `dataset.json` says; `written` is null while the dataset is incomplete. */
interface Manifest {
  readonly format: number;
  readonly options: Required<ScenesOptions>;
  readonly written: DatasetSummary | null;
}

async function readManifest(file: string): Promise<Partial<Manifest> | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<Manifest>;
  } catch {
    return null; // absent or cut short: nothing is known about the folder
  }
}

async function writeManifest(file: string, manifest: Manifest): Promise<void> {
  await writeFile(`${file}.partial`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${file}.partial`, file);
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

function checkedOptions({ count, seed, split, kind, questionsPerScene = 4 }: ScenesOptions): Required<ScenesOptions> {
  const check = (name: string, value: number, most: number): void => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    throw new LlavaError('bad-input', `scenes: ${name} must be a whole number from 1 to ${most}, got ${value}`);
  };
  check('count', count, 999_999);
  check('questionsPerScene', questionsPerScene, 99);
  return { count, seed, split, kind, questionsPerScene };
}

/**
 * Writes a dataset of scenes: `images/000001.png` and so on, `samples.json` in LLaVA's form, and `dataset.json`, which says
 * what it is and whether it is complete. Nothing is done when the same dataset is already there; an incomplete or another
 * dataset of scenes is replaced. One process may write a folder at a time.
 * @throws LlavaError `bad-input` for wrong numbers, `refused` when the folder holds pictures of another origin, `no-space`
 */
export async function writeScenesDataset(
  folder: string,
  options: ScenesOptions,
  progress?: ProgressListener,
): Promise<ScenesDataset> {
  const wanted = checkedOptions(options);
  const [manifestFile, images, json] = ['dataset.json', 'images', 'samples.json'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string];
  const find = async (): Promise<{ old: Partial<Manifest> | null; whole: DatasetSummary | null }> => {
    const old = await readManifest(manifestFile);
    const same = JSON.stringify([old?.format, old?.options]) === JSON.stringify([FORMAT, wanted]);
    const files = [json, path.join(images, sceneImageName(wanted.count - 1))];
    const there = same && (await Promise.all(files.map(exists))).every(Boolean);
    return { old, whole: there ? (old?.written ?? null) : null };
  };
  const { old, whole } = await find();
  if (whole !== null) return { json, images, ...whole };
  if (!old && (await exists(images))) {
    throw new LlavaError(
      'refused',
      `${images}: there are files that are not a dataset of scenes; choose another folder`,
    );
  }
  const making = `${folder}.${randomUUID()}.partial`; // of this call alone: processes and threads may compose the same scenes at once
  try {
    await mkdir(path.join(making, 'images'), { recursive: true });
    const files = { images: path.join(making, 'images'), json: path.join(making, 'samples.json') };
    const written = await writeDatasetFiles(files, wanted, progress);
    await writeManifest(path.join(making, 'dataset.json'), { format: FORMAT, options: wanted, written });
    if ((await find()).whole === null) await rm(folder, { recursive: true, force: true });
    await rename(making, folder).catch(async (cause: unknown) => {
      if ((await find()).whole === null) throw cause; // else another call was quicker, with the same scenes
      await rm(making, { recursive: true, force: true });
    });
    return { json, images, ...written };
  } catch (cause) {
    await rm(making, { recursive: true, force: true });
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    const remedy = 'free some space or choose another folder';
    throw new LlavaError(
      'no-space',
      `${folder}: the disk is full before ${wanted.count} scenes were written; ${remedy}`,
      { cause },
    );
  }
}
