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
  /**
   * Ids of a text; adds no begin or end token, but special tokens written out in the text (`</s>`) become their ids.
   * @param options.after a special token that the text stands behind; a text's very start may get a leading space, what follows not
   */
  encode(text: string, options?: { readonly after?: string }): number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** Decodes ids as they come, without ever giving out half a character. */
  createStream(): TextStream;
  /** The begin token; the end token for a tokenizer that has none. */
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  /** What the tokenizer puts in front of every text: the begin token, or nothing (Qwen). */
  readonly startIds: readonly number[];
  /** The begin token written out, empty where there is none. */
  readonly beginText: string;
  /** The end token written out. */
  readonly endText: string;
  /** Special tokens written out, which nothing merges with. */
  readonly specialTexts: readonly string[];
  /** Llama's behaviour before transformers 4.31: a text behind a special token gets a leading space too. */
  readonly legacy: boolean;
  /** The model's own template (Jinja), if its files have one. */
  readonly chatTemplate: string | null;
  /** Stands for one patch of a picture; the next free id if the tokenizer's files do not name `<image>`. */
  readonly imageTokenId: number;
  /** Number of ids, special tokens and `<image>` included. */
  readonly vocab: number;
}

/** A token beside the model's own. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly [field: string]: unknown;
}

type SpecialToken = string | { readonly content?: string } | null | undefined;

/** A `tokenizer.json`, as far as it is read here. */
export interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly [field: string]: unknown };
  readonly added_tokens?: readonly AddedToken[];
  readonly post_processor?: unknown;
}

/** A `tokenizer_config.json`, as far as it is read here. */
export interface TokenizerConfig {
  readonly bos_token?: SpecialToken;
  readonly eos_token?: SpecialToken;
  readonly pad_token?: SpecialToken;
  readonly unk_token?: SpecialToken;
  readonly add_bos_token?: boolean | null;
  readonly legacy?: boolean | null;
  readonly chat_template?: unknown;
}

const NOT_STRIPPED = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

function highestId({ model, added_tokens = [] }: TokenizerJson): number {
  let highest = -1;
  for (const id of Object.values(model.vocab)) highest = Math.max(highest, id);
  for (const { id } of added_tokens) highest = Math.max(highest, id);
  return highest;
}

function contentOf(token: SpecialToken): string | undefined {
  return typeof token === 'string' ? token : token?.content;
}

function idOf(json: TokenizerJson, token: SpecialToken): number | undefined {
  const content = contentOf(token);
  if (content === undefined) return undefined;
  return json.added_tokens?.find((added) => added.content === content)?.id ?? json.model.vocab[content];
}

/** The tokenizer's file with `<image>` among its added tokens. */
function withImageToken(json: TokenizerJson): TokenizerJson {
  if (idOf(json, IMAGE_PLACEHOLDER) !== undefined) return json;
  const added = { id: highestId(json) + 1, content: IMAGE_PLACEHOLDER, ...NOT_STRIPPED };
  return { ...json, added_tokens: [...(json.added_tokens ?? []), added] };
}

/** Whether the begin token is put in front of texts: as configured, else as the post-processor does, else where there is one. */
function addsBegin(
  { post_processor: processor }: TokenizerJson,
  { add_bos_token: configured, bos_token: token }: TokenizerConfig,
): boolean {
  const begin = contentOf(token);
  if (begin === undefined) return false;
  if (typeof configured === 'boolean') return configured;
  return processor === null || processor === undefined || JSON.stringify(processor).includes(JSON.stringify(begin));
}

/** `chat_template` is a text, or a list of named ones of which `default` counts. */
function chatTemplateOf({ chat_template: template }: TokenizerConfig): string | null {
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = template as readonly { name?: unknown; template?: unknown }[];
  const found = named.find(({ name }) => name === 'default')?.template;
  return typeof found === 'string' ? found : null;
}

/**
 * Creates a tokenizer from the parsed contents of `tokenizer.json` and `tokenizer_config.json`.
 * The padding id falls back on the unknown token's and then on the end token's, as LLaVA does.
 * @throws LlavaError `bad-input` when no end token is named, or a named token is not in the vocabulary
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
  const bosId = contentOf(config.bos_token) === undefined ? eosId : required('bos_token');
  const specialTexts = (json.added_tokens ?? []).map(({ content }) => content);
  const encode = (text: string): number[] =>
    text === '' ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids;
  const decode = (ids: readonly number[]): string =>
    ids.length === 0
      ? ''
      : tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  return {
    encode: (text, { after = '' } = {}) =>
      text !== '' && specialTexts.includes(after) ? encode(after + text).slice(1) : encode(text),
    decode,
    createStream: () => createTextStream(decode),
    bosId,
    eosId,
    padId: idOf(json, config.pad_token) ?? idOf(json, config.unk_token) ?? eosId,
    startIds: addsBegin(json, config) ? [bosId] : [],
    beginText: contentOf(config.bos_token) ?? '',
    endText: contentOf(config.eos_token) ?? '',
    specialTexts,
    legacy: config.legacy !== false,
    chatTemplate: chatTemplateOf(config),
    imageTokenId: idOf(json, IMAGE_PLACEHOLDER) ?? highestId(json),
    vocab: highestId(json) + 1,
  };
}
