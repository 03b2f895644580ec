import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import type { CaptionedPicture } from './captioned-picture.js';
import { readCocoCaptions, type CocoCaptions } from './read-coco.js';
import { checkEntry } from './read-entry.js';

/** Captions as they were read. */
export interface CaptionFile {
  readonly pictures: readonly CaptionedPicture[];
  /** SHA-256 in hex of the files. */
  readonly digest: string;
}

/**
 * Reads captions and boxes: COCO's `captions_*.json` (boxes from its `instances_*.json`), LLaVA's samples and context files,
 * or one object per line in a `.jsonl` file. The format is told from the content.
 * @param instancesFile COCO's instances, for COCO captions only
 * @throws LlavaError `not-found`, or `bad-input` naming file, entry, field, what was expected and what came
 */
export async function readCaptions(file: string, instancesFile?: string): Promise<CaptionFile> {
  const text = await readText(file);
  const instances = instancesFile === undefined ? null : await readText(instancesFile);
  const digest = createHash('sha256')
    .update(text)
    .update(instances ?? '')
    .digest('hex');
  return { pictures: unique(parsePictures(file, text, { file: instancesFile ?? '', text: instances }), file), digest };
}

function parsePictures(
  file: string,
  text: string,
  instances: { readonly file: string; readonly text: string | null },
): CaptionedPicture[] {
  if (file.endsWith('.jsonl')) {
    refuseInstances(file, instances.text);
    return text.split('\n').flatMap((line, index) => {
      const place = `${file}: line ${index + 1}`;
      return line.trim() === '' ? [] : [checkEntry(parseJson(line, place), place)];
    });
  }
  const value = parseJson(text, file);
  if (Array.isArray(value)) {
    refuseInstances(file, instances.text);
    return value.map((entry: unknown, index) => checkEntry(entry, `${file}: entry ${index}`));
  }
  if (typeof value === 'object' && value !== null && 'images' in value && 'annotations' in value) {
    const boxes = instances.text === null ? null : parseJson(instances.text, instances.file);
    return readCocoCaptions({ file, value: value as CocoCaptions }, { file: instances.file, value: boxes });
  }
  throw new LlavaError(
    'bad-input',
    `${file}: expected COCO captions ({"images", "annotations"}), an array of {"id", "image", "captions"}, or a .jsonl file with one of them per line`,
  );
}

function refuseInstances(file: string, instances: string | null): void {
  if (instances === null) return;
  throw new LlavaError('bad-input', `${file}: carries its own boxes; a file of instances goes with COCO captions only`);
}

function unique(pictures: CaptionedPicture[], file: string): CaptionedPicture[] {
  const seen = new Set<string>();
  for (const { id } of pictures) {
    if (seen.has(id)) throw new LlavaError('bad-input', `${file}: id ${id} is there twice; ids must differ`);
    seen.add(id);
  }
  if (pictures.length === 0)
    throw new LlavaError('bad-input', `${path.basename(file)}: expected at least one captioned picture, found none`);
  return pictures;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new LlavaError('not-found', `${file}: cannot be read (${code}); check the path`, { cause });
  });
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LlavaError('bad-input', `${place}: not JSON: ${(cause as Error).message}; is the file whole?`, { cause });
  }
}
