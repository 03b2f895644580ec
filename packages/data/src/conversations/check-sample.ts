import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { fromMessages } from './from-messages.js';
import { IMAGE_PLACEHOLDER, type Sample, type Turn } from './sample.js';

const REMEDY = 'see LLaVA\'s data format: {"id", "image"?, "conversations": [{"from": "human" | "gpt", "value"}, ...]}';

/** A value as messages show it, cut to a readable length. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/**
 * Checks one entry of a dataset: LLaVA's form, or OpenAI's and ShareGPT's, which become LLaVA's.
 * @param place file and index, for messages
 * @throws LlavaError `bad-input` naming place, field, what was expected and what came
 */
export function checkSample(entry: unknown, place: string): Sample {
  const fail = (field: string, expectation: string, got: unknown): never => {
    throw new LlavaError(
      'bad-input',
      `${place}${field ? `, field ${field}` : ''}: expected ${expectation}, got ${shown(got)}; ${REMEDY}`,
    );
  };
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return fail('', 'an object', entry);
  const value = fromMessages(entry as Record<string, unknown>, place);
  const { id, image, conversations, kind } = value;
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
