import { join } from 'node:path';
import type { MixturePart, TemplateName } from '@llava-ts/data';
import type { Command } from 'commander';

import { wholeNumber } from '../commands/option-parsers.js';
import type { CliContext } from '../context.js';

/** Flags of commands that read a dataset as a run would. */
export interface ReadingFlags {
  readonly images?: string;
  readonly model?: string;
  readonly template: TemplateName;
  readonly context: number;
  readonly imageTokens: number;
}

/** Adds the flags that say how a dataset is read. */
export function addReadingFlags(command: Command): Command {
  return command
    .argument('<data>', 'file or folder: .json, .jsonl, .parquet, .tar shards, s3:// or http(s)://')
    .option('--images <location>', 'folder, .zip, .tar, s3:// or http(s):// of the pictures; default: beside the file')
    .option('--model <dir>', 'folder with a tokenizer')
    .option('--template <name>', 'plain, v1 or v1-short', 'v1')
    .option('--context <tokens>', 'the longest sample', wholeNumber(1), 2048)
    .option('--image-tokens <count>', 'tokens per picture', wholeNumber(1), 576);
}

/** The dataset that the flags name; without `--images`, an `images` folder beside the file, or its own folder. */
export async function partOf(data: string, images: string | undefined): Promise<MixturePart> {
  if (images !== undefined) return { path: data, images };
  const { stat } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  const isFolder = await stat(data).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  const beside = join(isFolder ? data : dirname(data), 'images');
  const there = await stat(beside).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  return { path: data, ...(there && { images: beside }) };
}

/** Where indexes and downloads are kept. */
export async function dataCache(context: Pick<CliContext, 'environment'>): Promise<string> {
  const { cacheFolder } = await import('@llava-ts/engine/runtime');
  return join(cacheFolder(context.environment.variables), 'data');
}
