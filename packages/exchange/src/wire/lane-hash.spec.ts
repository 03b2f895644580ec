import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import loadWabt from 'wabt';
import { LANE_HASH_WASM } from './lane-hash-wasm.js';
import { createLaneHash, mixWord } from './lane-hash.js';

/** The hash as lane.proto tells it, word by word. */
function slowHash(data: Uint8Array): number {
  const padded = new Uint8Array(Math.ceil(data.length / 128) * 128);
  padded.set(data);
  const words = new Uint32Array(padded.buffer);
  const lanes = Array.from({ length: 32 }, (_, lane) => lane);
  for (const [index, word] of words.entries()) lanes[index % 32] = mixWord(lanes[index % 32]!, word);
  return lanes.reduce(mixWord, data.length);
}

function hashOf(...pieces: Uint8Array[]): number {
  const hash = createLaneHash();
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

test('the hash is the one that lane.proto describes, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), fc.nat(1000), (data, cut) => {
      expect(hashOf(data.subarray(0, cut), data.subarray(cut))).toBe(slowHash(data));
    }),
  );
  const large = Uint8Array.from({ length: 300_001 }, (_, i) => (i * 7) ^ (i >> 5));
  expect(hashOf(large.subarray(0, 131_071), large.subarray(131_071))).toBe(slowHash(large));
});

test('known values for clients in other languages', () => {
  expect([hashOf(), hashOf(Buffer.from('abc')), hashOf(new Uint8Array(128))]).toMatchInlineSnapshot(`
    [
      811951031,
      979100826,
      71392946,
    ]
  `);
});

test('a byte that is changed, swapped, doubled or lost changes the hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 600 }), fc.nat(), fc.nat(7), (data, where, bit) => {
      const at = where % (data.length - 1);
      const changed = Uint8Array.from(data);
      changed[at]! ^= 1 << bit;
      expect(hashOf(changed)).not.toBe(hashOf(data));
      expect(hashOf(data.subarray(0, -1))).not.toBe(hashOf(data));
      expect(hashOf(data, data.subarray(0, 1))).not.toBe(hashOf(data));
    }),
  );
});

test('the hash knows of every float32 that is not finite, and of no other', () => {
  const finite = (values: Float32Array): boolean => {
    const hash = createLaneHash();
    hash.update(new Uint8Array(values.buffer));
    hash.digest();
    return hash.finite();
  };
  const wild = fc.float32Array({ minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(wild, (values) => {
      expect(finite(values)).toBe(values.every((value) => Number.isFinite(value)));
    }),
  );
  const large = new Float32Array(100_003).fill(-3.4e38);
  expect(finite(large)).toBe(true);
  for (const bad of [NaN, Infinity, -Infinity])
    for (const at of [0, 65_537, large.length - 1]) expect(finite(large.with(at, bad))).toBe(false);
});

test('two hashes at the same time do not disturb each other', () => {
  const [a, b] = [createLaneHash(), createLaneHash()];
  a.update(Buffer.from('one '));
  b.update(Buffer.from('two'));
  a.update(Buffer.from('more'));
  expect([a.digest(), b.digest()]).toEqual([hashOf(Buffer.from('one more')), hashOf(Buffer.from('two'))]);
});

test('the compiled module is the one of the source beside it', async () => {
  const source = await readFile(new URL('lane-hash.wat', import.meta.url), 'utf8');
  const { parseWat } = await loadWabt();
  const { buffer } = parseWat('lane-hash.wat', source, { simd: true }).toBinary({});
  expect(LANE_HASH_WASM).toBe(Buffer.from(buffer).toString('base64'));
});
