import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import llama from 'llama-tokenizer-js';
import { describe, expect, it } from 'vitest';

import { loadTokenizer } from './load-tokenizer.js';
import { SENTENCEPIECE_MODEL, convertSentencepiece } from './sentencepiece.js';
import { createTokenizer } from './tokenizer.js';

/** Llama-2's tokenizer.model, made again from llama-tokenizer-js: ids 0-2 special, then 256 bytes, then pieces by falling score, runs of spaces last. */
function llamaModel(fields: Record<string, unknown> = {}): Uint8Array {
  const type = (id: number): number => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
  const score = (piece: string, id: number): number => (id < 259 ? 0 : /^▁▁+$/.test(piece) ? -1e9 : 259 - id);
  const pieces = llama.vocabById.map((piece, id) => ({ piece, type: type(id), score: score(piece, id) }));
  return SENTENCEPIECE_MODEL.encode({
    pieces,
    trainerSpec: { modelType: 2 },
    normalizerSpec: { name: 'identity', removeExtraWhitespaces: false },
    ...fields,
  }).finish();
}

const special = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };
const model = llamaModel();
const tokenizer = createTokenizer(convertSentencepiece(model), special);
const LONE = /\p{Cs}/u; // half of a surrogate pair
const literal = /<\/?s>|<unk>|<image>/;
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        'the picture',
        '  ',
        '    ',
        '\n',
        '\t',
        'مرحبا بالعالم',
        'שלום',
        '日本語の写真',
        '한국어',
        '👩‍👩‍👧',
        '🇳🇿',
        '🙂',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))
  .filter((value) => !LONE.test(value) && !literal.test(value));

describe("Llama-2's sentencepiece model, converted", () => {
  it('gives the ids of llama-tokenizer-js for any text', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(tokenizer.encode(value)).toEqual(value === '' ? [] : llama.encode(value, false));
      }),
      { numRuns: 300 },
    );
  });

  it('gives the ids of Python sentencepiece', () => {
    // sentencepiece.SentencePieceProcessor(model_file=...).encode(text) on Llama-2's model
    const golden: Record<string, number[]> = {
      'Hello world': [15043, 3186],
      '  two  spaces   three': [259, 1023, 29871, 8162, 259, 2211],
      ' leading': [29871, 8236],
      'trailing ': [25053, 29871],
      '\n\ttabs\n': [29871, 13, 12, 21175, 13],
      aaaaaaaaaaaaaaa: [263, 27137, 27137, 27137, 7340],
      '                 ': [462, 259],
      日本語の写真です: [29871, 30325, 30346, 30968, 30199, 31479, 30848, 30499, 30427],
      'مرحبا بالعالم': [29871, 30159, 30156, 30240, 30177, 30112, 29871, 30177, 19233, 30218, 19233, 30159],
      'שלום עולם': [29871, 30294, 30249, 30205, 30404, 29871, 30324, 30205, 30249, 30404],
      '👩\u200d👩\u200d👧🇳🇿🙂': [
        29871, 243, 162, 148, 172, 30722, 243, 162, 148, 172, 30722, 243, 162, 148, 170, 243, 162, 138, 182, 243, 162,
        138, 194, 243, 162, 156, 133,
      ],
      'naïve café — “quotes”': [1055, 30085, 345, 274, 28059, 813, 1346, 339, 4769, 30024],
      '5.': [29871, 29945, 29889],
      'a\u0000b': [263, 3, 29890],
      '░▒▓ ▁ under': [29871, 30833, 30686, 31879, 259, 1090],
      ' the picture': [29871, 278, 7623],
      'a                b   c     d': [263, 18884, 289, 259, 274, 268, 270],
    };
    for (const [value, ids] of Object.entries(golden)) expect(tokenizer.encode(value), value).toEqual(ids);
  });

  it('decodes what it encoded, at once and as a stream that never shows half a character', () => {
    fc.assert(
      fc.property(text, (value) => {
        const ids = tokenizer.encode(value);
        expect(tokenizer.decode(ids)).toBe(value);
        const stream = tokenizer.createStream();
        const parts = ids.map((id) => stream.push(id));
        if (!value.includes('\uFFFD')) expect(parts.join('')).not.toContain('\uFFFD');
        expect(parts.every((part) => !LONE.test(part))).toBe(true);
        expect(parts.join('') + stream.end()).toBe(value);
      }),
      { numRuns: 300 },
    );
  });

  it('puts a space behind special tokens only where the legacy behaviour did', () => {
    const [bus, after] = [tokenizer.encode('bus'), tokenizer.encode('bus', { after: '</s>' })];
    expect(after).toEqual(bus);
    const modern = createTokenizer(convertSentencepiece(model, { legacy: false }), { ...special, legacy: false });
    expect(modern.encode('bus')).toEqual(bus);
    expect(modern.encode('bus', { after: '</s>' })).toEqual([llama.vocabById.indexOf('bus')]);
  });
});

describe('loadTokenizer', () => {
  it('reads tokenizer.model where there is no tokenizer.json, with the tokens that the configuration adds', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sentencepiece-'));
    await writeFile(path.join(folder, 'tokenizer.model'), model);
    await writeFile(
      path.join(folder, 'special_tokens_map.json'),
      JSON.stringify({ ...special, pad_token: { content: '<pad>' } }),
    );
    await expect(loadTokenizer(folder)).resolves.toMatchObject({ eosId: 2, padId: 0, imageTokenId: 32000 });
    const added = { 32000: { content: '<pad>', special: true }, 32001: { content: '<image>', special: true } };
    await writeFile(
      path.join(folder, 'tokenizer_config.json'),
      JSON.stringify({ legacy: false, added_tokens_decoder: added }),
    );
    const loaded = await loadTokenizer(folder);
    expect(loaded).toMatchObject({
      bosId: 1,
      startIds: [1],
      padId: 32000,
      imageTokenId: 32001,
      legacy: false,
      vocab: 32002,
    });
    expect(loaded.encode('a<pad>b')).toEqual([263, 32000, llama.vocabById.indexOf('b')]);
    await rm(folder, { recursive: true });
  });
});

describe('convertSentencepiece', () => {
  it.each([
    ['a unigram model', { trainerSpec: { modelType: 1 } }, /m: a unigram model, expected byte pairs/],
    [
      'a model that rewrites its text',
      { normalizerSpec: { name: 'nmt_nfkc', precompiledCharsmap: Buffer.from('x'), removeExtraWhitespaces: false } },
      /normalises its text by "nmt_nfkc"/,
    ],
    ['a model that removes spaces', { normalizerSpec: {} }, /removes extra spaces/],
    ['a model without pieces', { pieces: [] }, /without pieces/],
  ])('refuses %s', (_name, fields, message) => {
    expect(() => convertSentencepiece(llamaModel(fields), { place: 'm' })).toThrow(message);
  });

  it('refuses another file', () => {
    expect(() => convertSentencepiece(Buffer.from('{"version": 1}'), { place: 'm' })).toThrow(
      /m: not a sentencepiece model/,
    );
  });
});
