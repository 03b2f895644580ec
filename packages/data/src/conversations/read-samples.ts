import { readFile } from 'node:fs/promises';

import { LlavaError } from '@llava-ts/telemetry';

import { checkSample, shown } from './check-sample.js';
import type { Sample } from './sample.js';

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LlavaError(
      'bad-input',
      `${place}: not JSON: ${(cause as Error).message.replaceAll(/\s+/g, ' ')}; is the file whole?`,
      { cause },
    );
  }
}

/**
 * Reads a LLaVA dataset: a JSON array, or JSONL when the name ends in `.jsonl`.
 * @throws LlavaError `not-found` for a missing file; `bad-input` naming file, index, field, what was expected and what came
 */
export async function readSamples(file: string): Promise<Sample[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LlavaError(
      'not-found',
      `${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}); check the path of the dataset's JSON file`,
      { cause },
    );
  });
  if (file.endsWith('.jsonl')) {
    return text.split('\n').flatMap((line, index) => {
      const place = `${file}: line ${index + 1}`;
      return line.trim() === '' ? [] : [checkSample(parse(line, place), place)];
    });
  }
  const values = parse(text, file);
  if (!Array.isArray(values))
    throw new LlavaError(
      'bad-input',
      `${file}: expected a JSON array of samples, got ${shown(values)}; name a file with one sample per line .jsonl`,
    );
  return values.map((value: unknown, index) => checkSample(value, `${file}: sample ${index}`));
}
