import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, configDigest } from './digest.js';

test('the order of keys does not matter, at any depth', () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  expect(configDigest({ a: 1, b: 2 })).toBe(configDigest({ b: 2, a: 1 }));
});

test('canonical text is still the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
