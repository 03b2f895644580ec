import { LlavaError } from '@llava-ts/telemetry';

import { IMAGE_PLACEHOLDER } from '../conversations/sample.js';
import type { TokenizerConfig, TokenizerJson } from './tokenizer.js';

/** Tokens that stand for something else than text; their place is their id. */
const SPECIALS = ['<unk>', '<s>', '</s>', IMAGE_PLACEHOLDER, '<pad>'] as const;

/** The `tokenizer_config.json` that goes with a tiny tokenizer. */
export const TINY_TOKENIZER_CONFIG = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  unk_token: '<unk>',
  bos_token: '<s>',
  eos_token: '</s>',
  pad_token: '<pad>',
  clean_up_tokenization_spaces: false,
  model_max_length: 1024,
} as const satisfies TokenizerConfig & Record<string, unknown>;

/** GPT-2's split of a text into words, each with the space before it. */
const WORDS = /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** GPT-2's printable letter for each byte: itself where it is printable, the next free one from U+0100 on where it is not. */
function byteLetters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

interface Word {
  letters: string[];
  readonly times: number;
}

function countWords(documents: Iterable<string>, letters: readonly string[]): Word[] {
  const counts = new Map<string, number>();
  for (const document of documents) {
    for (const part of document.split(/<unk>|<\/?s>|<image>|<pad>/)) {
      for (const [word] of part.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return [...counts].map(([word, times]) => ({
    letters: [...Buffer.from(word, 'utf8')].map((byte) => letters[byte] ?? ''),
    times,
  }));
}

/** The most frequent neighbours, the first in the alphabet among equals; null when every word is one token. */
function bestPair(words: readonly Word[]): readonly [string, string] | null {
  const counts = new Map<string, number>();
  for (const { letters, times } of words) {
    for (let i = 1; i < letters.length; i++) {
      const pair = `${letters[i - 1] ?? ''} ${letters[i] ?? ''}`;
      counts.set(pair, (counts.get(pair) ?? 0) + times);
    }
  }
  let best: { pair: string; count: number } | null = null;
  for (const [pair, count] of counts) {
    if (!best || count > best.count || (count === best.count && pair < best.pair)) best = { pair, count };
  }
  const [left, right] = best?.pair.split(' ') ?? [];
  return left === undefined || right === undefined ? null : [left, right];
}

function merge(word: Word, left: string, right: string): void {
  const merged: string[] = [];
  for (let i = 0; i < word.letters.length; i++) {
    const letter = word.letters[i] ?? '';
    const isPair = letter === left && word.letters[i + 1] === right;
    merged.push(isPair ? left + right : letter);
    if (isPair) i++;
  }
  word.letters = merged;
}

/**
 * Trains a small byte-level byte-pair tokenizer (GPT-2's scheme) until every word of the documents is one token. It encodes any
 * text, since all 256 bytes are tokens. Special tokens: `<unk>` 0, `<s>` 1, `</s>` 2, `<image>` 3, `<pad>` 4.
 * @returns the object to write as `tokenizer.json`
 * @throws LlavaError `bad-input` when that takes more than `maxVocab` tokens
 */
export function trainTinyTokenizer(
  documents: Iterable<string>,
  { maxVocab = 2048 } = {},
): TokenizerJson & Record<string, unknown> {
  const letters = byteLetters();
  const vocab = new Map<string, number>();
  for (const token of [...SPECIALS, ...letters]) vocab.set(token, vocab.size);
  const words = countWords(documents, letters);
  const merges: [string, string][] = [];
  for (let pair = bestPair(words); pair; pair = bestPair(words)) {
    if (vocab.size >= maxVocab)
      throw new LlavaError(
        'bad-input',
        `trainTinyTokenizer: the documents need more than ${maxVocab} tokens; give fewer different words or raise maxVocab`,
      );
    merges.push([...pair]);
    if (!vocab.has(pair.join(''))) vocab.set(pair.join(''), vocab.size);
    for (const word of words) merge(word, ...pair);
  }
  const special = (content: string, id: number): object => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIALS.map(special) as TokenizerJson['added_tokens'] & object,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 0 } },
      ],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocab),
      merges,
    },
  };
}
