import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { convertSentencepiece } from './sentencepiece.js';
import { createTokenizer, type AddedToken, type Tokenizer, type TokenizerJson } from './tokenizer.js';

/** A file's bytes, or null when there is no such file. */
async function readIfThere(file: string): Promise<Buffer | null> {
  return readFile(file).catch((cause: unknown) => {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new LlavaError('bad-input', `${file}: cannot be read (${code})`, { cause });
  });
}

async function readObject(file: string): Promise<Record<string, unknown> | null> {
  const bytes = await readIfThere(file);
  if (bytes === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new LlavaError('corrupt', `${file}: not JSON (${(cause as Error).message}); copy the file again`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new LlavaError('bad-input', `${file}: expected an object`);
}

/** Tokens that tokenizer_config.json adds to those of a sentencepiece model (`added_tokens_decoder`), by id. */
function withAddedTokens(json: TokenizerJson, config: Record<string, unknown>): TokenizerJson {
  const known = new Set(json.added_tokens?.map(({ id }) => id));
  const more = Object.entries((config['added_tokens_decoder'] ?? {}) as Record<string, Omit<AddedToken, 'id'>>)
    .map(([id, token]): AddedToken => ({ ...token, id: Number(id), content: String(token['content']) }))
    .filter(({ id }) => !known.has(id));
  return { ...json, added_tokens: [...(json.added_tokens ?? []), ...more] };
}

async function readVocabulary(folder: string, config: Record<string, unknown>): Promise<TokenizerJson> {
  const place = path.join(folder, 'tokenizer.json');
  const json = (await readObject(place)) as Partial<TokenizerJson> | null;
  if (json !== null) {
    const vocab = json.model?.vocab;
    if (typeof vocab === 'object' && !Array.isArray(vocab)) return json as TokenizerJson;
    throw new LlavaError(
      'bad-input',
      `${place}: expected model.vocab with tokens and ids; a byte-pair model is needed`,
    );
  }
  const model = path.join(folder, 'tokenizer.model');
  const bytes = await readIfThere(model);
  if (bytes === null) {
    throw new LlavaError(
      'not-found',
      `${place}: cannot be read; a model folder needs tokenizer.json or tokenizer.model, and tokenizer_config.json`,
    );
  }
  return withAddedTokens(convertSentencepiece(bytes, { legacy: config['legacy'] !== false, place: model }), config);
}

/**
 * Loads a tokenizer from a model folder in Hugging Face layout: `tokenizer.json`, or else sentencepiece's `tokenizer.model`; the special
 * tokens of `special_tokens_map.json` and `tokenizer_config.json`, of which the latter counts; `chat_template.jinja` if it is there.
 * @throws LlavaError `not-found`, `corrupt` or `bad-input`, naming the file
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const at = (name: string): string => path.join(folder, name);
  const [named, configured, template] = await Promise.all([
    readObject(at('special_tokens_map.json')),
    readObject(at('tokenizer_config.json')),
    readIfThere(at('chat_template.jinja')),
  ]);
  const config = { ...named, ...configured };
  const json = await readVocabulary(folder, config);
  if (configured === null && named === null) {
    throw new LlavaError('not-found', `${at('tokenizer_config.json')}: cannot be read; it names the special tokens`);
  }
  const chat = template === null ? {} : { chat_template: template.toString('utf8') };
  return createTokenizer(json, { ...config, ...chat }, folder);
}
