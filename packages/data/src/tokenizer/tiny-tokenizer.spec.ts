import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { seededRandom } from '../random.js';
import { composeScene } from '../scenes/compose.js';
import { sceneDocument } from '../scenes/documents.js';
import { TINY_TOKENIZER_CONFIG, trainTinyTokenizer } from './tiny-tokenizer.js';
import { loadTokenizer } from './load-tokenizer.js';
import { createTokenizer } from './tokenizer.js';

const random = seededRandom(1);
const documents = Array.from({ length: 500 }, () => sceneDocument(composeScene(random, { split: 'any' }), random));
const json = trainTinyTokenizer(documents);
const tokenizer = createTokenizer(json, TINY_TOKENIZER_CONFIG);

describe('trainTinyTokenizer', () => {
  it('makes every word of the documents one token', () => {
    expect(tokenizer.encode(' sailboat mint USER: What')).toHaveLength(5);
    expect(tokenizer.vocab).toBeLessThan(800);
  });

  it('fixes the ids of the special tokens', () => {
    const { bosId, eosId, imageTokenId, padId } = tokenizer;
    expect({ bosId, eosId, imageTokenId, padId }).toEqual({ bosId: 1, eosId: 2, imageTokenId: 3, padId: 4 });
    expect(tokenizer.encode('yes</s>USER')).toContain(2);
  });

  it('encodes any text so that decoding gives it back', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !/<\/?s>|<unk>|<pad>|<image>/.test(value));
    fc.assert(fc.property(text, (value) => tokenizer.decode(tokenizer.encode(value)) === value));
  });

  it('streams the same text as decoding at once, and never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (value) => {
        const ids = tokenizer.encode(value);
        const stream = tokenizer.createStream();
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.filter((piece) => piece.endsWith('\uFFFD') && !value.includes('\uFFFD'))).toEqual([]);
        expect(pieces.join('') + stream.end()).toBe(tokenizer.decode(ids));
      }),
    );
    const stream = tokenizer.createStream();
    const [first = 0] = tokenizer.encode('🙂');
    expect(stream.push(first)).toBe('');
    expect(stream.end()).toBe('\uFFFD');
  });

  it('stops with an error when the documents hold too many words', () => {
    expect(() => trainTinyTokenizer(documents, { maxVocab: 300 })).toThrow(/more than 300 tokens/);
  });
});

describe('loadTokenizer', () => {
  it('loads a model folder, and names the file that is missing, broken or lacking', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tokenizer-'));
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer(_config)?\.json: cannot be read/);
    await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(json));
    await writeFile(path.join(folder, 'tokenizer_config.json'), JSON.stringify(TINY_TOKENIZER_CONFIG));
    const text = 'a dog face and a red apple';
    expect((await loadTokenizer(folder)).encode(text)).toEqual(tokenizer.encode(text));
    await writeFile(path.join(folder, 'tokenizer_config.json'), '{}');
    await expect(loadTokenizer(folder)).rejects.toThrow(/must name eos_token/);
    await writeFile(path.join(folder, 'tokenizer.json'), '{"model": {');
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: 'corrupt' });
    await rm(folder, { recursive: true });
  });
});
