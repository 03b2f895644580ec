import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { IMAGE_PLACEHOLDER, type Sample, type Turn } from './sample.js';

const REMEDY = 'see LLaVA\'s data format: {"id", "image"?, "conversations": [{"from": "human" | "gpt", "value"}, ...]}';

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Checks one entry; `place` names file and index. */
function checkSample(value: unknown, place: string): Sample {
  const fail = (field: string, expectation: string, got: unknown): never => {
    throw new LlavaError(
      'bad-input',
      `${place}${field ? `, field ${field}` : ''}: expected ${expectation}, got ${shown(got)}; ${REMEDY}`,
    );
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('', 'an object', value);
  const { id, image, conversations, kind } = value as Record<string, unknown>;
  if (typeof id !== 'string' && typeof id !== 'number') return fail('id', 'a string', id);
  if (image !== undefined && (typeof image !== 'string' || image === ''))
    return fail('image', 'a path (one picture per sample)', image);
  if (image !== undefined && (path.isAbsolute(image) || image.split(/[\\/]/).includes('..')))
    return fail('image', 'a path inside the image folder', image);
  if (!Array.isArray(conversations) || conversations.length === 0)
    return fail('conversations', 'a list of turns', conversations);
  const turns = conversations.map((turn: unknown, index): Turn => {
    const { from, value: text } = (typeof turn === 'object' && turn !== null ? turn : {}) as Record<string, unknown>;
    if (from !== 'human' && from !== 'gpt') return fail(`conversations[${index}].from`, '"human" or "gpt"', from);
    if (typeof text !== 'string') return fail(`conversations[${index}].value`, 'a string', text);
    if (from === 'gpt' && text.trim() === '') return fail(`conversations[${index}].value`, 'an answer', text);
    return { from, value: text };
  });
  const placeholders = turns.filter(({ value: text }) => text.includes(IMAGE_PLACEHOLDER)).length;
  if (image !== undefined && placeholders !== 1)
    return fail(
      'conversations',
      `${IMAGE_PLACEHOLDER} in exactly one turn, as there is an image`,
      `${placeholders} turns with it`,
    );
  return {
    id: String(id),
    ...(image === undefined ? {} : { image }),
    conversations: turns,
    ...(typeof kind === 'string' ? { kind } : {}),
  };
}

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
