import fc from 'fast-check';
import { expect, test } from 'vitest';

import { topLevelKeys } from './json-keys.js';

test('the keys of any JSON object are found as JSON.parse finds them', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 })),
      fc.nat(4),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(topLevelKeys(text, 9).sort()).toEqual(Object.keys(JSON.parse(text) as object).sort());
      },
    ),
  );
});

test('repeated keys stand twice, however they are spelled', () => {
  expect(topLevelKeys('{"a\\"":{"b":1}, "a\\u0022" : [{"c":2}], "d":"e"}', 3)).toEqual(['a"', 'a"', 'd']);
});

test('a text that nests too deep is refused before a parser sees it', () => {
  expect(() => topLevelKeys(`{"a":${'['.repeat(1_000_000)}`, 3)).toThrow('nested deeper than 3');
});
