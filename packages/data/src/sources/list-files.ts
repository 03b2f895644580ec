import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';

import { fetchFiles } from '../stores/fetch-files.js';
import type { FetchOptions } from '../stores/fetch-files.js';
import { DATASET_ENDINGS } from './open-file.js';
import { unreadable } from './source-error.js';

/** The form that a folder is read in when it has files of several. */
const PREFERRED = ['.parquet', '.tar', '.jsonl', '.ndjson', '.json'];
const RANGE = /\{(\d+)\.\.(\d+)\}/;

/**
 * The files that a dataset's path stands for: a file; a folder (its `samples.json`, or all its files of one form, by name);
 * numbered shards `shard-{000..099}.tar`; or files on S3 or the web, which are fetched.
 * @throws {LlavaError} `not-found` when there are none
 */
export async function listFiles(location: string, options: FetchOptions): Promise<string[]> {
  if (RANGE.test(location)) {
    const lists: string[][] = [];
    for (const one of expandRange(location)) lists.push(await listFiles(one, options));
    return lists.flat();
  }
  if (/^(s3|https?):\/\//.test(location)) return fetchFiles(location, DATASET_ENDINGS, options);
  const facts = await stat(location).catch((cause: unknown) => {
    throw unreadable(location, cause);
  });
  return facts.isDirectory() ? listFolder(location) : [location];
}

async function listFolder(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  if (names.includes('samples.json')) return [path.join(folder, 'samples.json')];
  for (const ending of PREFERRED) {
    const found = names.filter((name) => path.extname(name) === ending);
    if (found.length > 0) return found.map((name) => path.join(folder, name));
  }
  throw new LlavaError(
    'not-found',
    `${folder}: no file that ends in ${DATASET_ENDINGS.join(', ')}; name the dataset's file or folder`,
  );
}

function expandRange(location: string): string[] {
  const [range = '', first = '', last = ''] = RANGE.exec(location) ?? [];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) =>
    location.replace(range, String(Number(first) + at).padStart(first.length, '0')),
  );
}
