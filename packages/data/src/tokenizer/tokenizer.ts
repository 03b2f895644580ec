import { readFile } from 'node:fs/promises';
import path from 'node:path';

import * as huggingFace from '@huggingface/tokenizers';
import { LlavaError } from '@llava-ts/telemetry';

import { IMAGE_PLACEHOLDER } from '../conversations/sample.js';
import { createTextStream, type TextStream } from './text-stream.js';

/** The part of Hugging Face's tokenizer that is used here; its own types do not resolve for ES modules. */
interface HuggingFaceTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: number[] };
  decode(
    ids: readonly number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}

const { Tokenizer: HuggingFaceTokenizer } = huggingFace as unknown as {
  Tokenizer: new (json: TokenizerJson, config: TokenizerConfig) => HuggingFaceTokenizer;
};

/** Turns text into token ids and back. */
export interface Tokenizer {
  /** Ids of a text; adds no begin or end token, but special tokens written out in the text (`</s>`) become their ids. */
  encode(text: string): number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** Decodes ids as they come, without ever giving out half a character. */
  createStream(): TextStream;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /** Stands for one patch of a picture; the next free id if the tokenizer's files do not name `<image>`. */
  readonly imageTokenId: number;
  /** Number of ids, special tokens and `<image>` included. */
  readonly vocab: number;
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
}

type SpecialToken = string | { readonly content?: string } | null | undefined;

/** A `tokenizer.json`, as far as it is read here. */
export interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly [field: string]: unknown };
  readonly added_tokens?: readonly AddedToken[];
}

/** A `tokenizer_config.json`, as far as it is read here. */
export interface TokenizerConfig {
  readonly bos_token?: SpecialToken;
  readonly eos_token?: SpecialToken;
  readonly pad_token?: SpecialToken;
  readonly unk_token?: SpecialToken;
}

const NOT_STRIPPED = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

function highestId({ model, added_tokens = [] }: TokenizerJson): number {
  let highest = -1;
  for (const id of Object.values(model.vocab)) highest = Math.max(highest, id);
  for (const { id } of added_tokens) highest = Math.max(highest, id);
  return highest;
}

function idOf(json: TokenizerJson, token: SpecialToken): number | undefined {
  const content = typeof token === 'string' ? token : token?.content;
  if (content === undefined) return undefined;
  return json.added_tokens?.find((added) => added.content === content)?.id ?? json.model.vocab[content];
}

/** The tokenizer's file with `<image>` among its added tokens. */
function withImageToken(json: TokenizerJson): TokenizerJson {
  if (idOf(json, IMAGE_PLACEHOLDER) !== undefined) return json;
  const added = { id: highestId(json) + 1, content: IMAGE_PLACEHOLDER, ...NOT_STRIPPED };
  return { ...json, added_tokens: [...(json.added_tokens ?? []), added] };
}

/**
 * Creates a tokenizer from the parsed contents of `tokenizer.json` and `tokenizer_config.json`.
 * The padding id falls back on the unknown token's and then on the end token's, as LLaVA does.
 * @throws LlavaError `bad-input` when no begin or end token is named
 */
export function createTokenizer(file: TokenizerJson, config: TokenizerConfig, place = 'tokenizer'): Tokenizer {
  const json = withImageToken(file);
  const tokenizer = new HuggingFaceTokenizer(json, config);
  const required = (name: 'bos_token' | 'eos_token'): number => {
    const id = idOf(json, config[name]);
    if (id === undefined)
      throw new LlavaError(
        'bad-input',
        `${place}: tokenizer_config.json must name ${name}, and the token must be in tokenizer.json`,
      );
    return id;
  };
  const eosId = required('eos_token');
  const decode = (ids: readonly number[]): string =>
    ids.length === 0
      ? ''
      : tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  return {
    encode: (text) => (text === '' ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode,
    createStream: () => createTextStream(decode),
    bosId: required('bos_token'),
    eosId,
    padId: idOf(json, config.pad_token) ?? idOf(json, config.unk_token) ?? eosId,
    imageTokenId: idOf(json, IMAGE_PLACEHOLDER) ?? highestId(json),
    vocab: highestId(json) + 1,
  };
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LlavaError(
      'not-found',
      `${file}: cannot be read; a model folder needs tokenizer.json and tokenizer_config.json`,
      { cause },
    );
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LlavaError('corrupt', `${file}: not JSON (${(cause as Error).message}); copy the file again`, { cause });
  }
}

/**
 * Loads a tokenizer from a model folder in Hugging Face layout.
 * @throws LlavaError `not-found`, `corrupt` or `bad-input`, naming the file
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const [file, config] = await Promise.all([
    readJson(path.join(folder, 'tokenizer.json')),
    readJson(path.join(folder, 'tokenizer_config.json')),
  ]);
  if (typeof (file as Partial<TokenizerJson> | null)?.model?.vocab !== 'object') {
    throw new LlavaError(
      'bad-input',
      `${path.join(folder, 'tokenizer.json')}: expected model.vocab with tokens and ids; a byte-pair model is needed`,
    );
  }
  return createTokenizer(file as TokenizerJson, config ?? {}, folder);
}
