import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half.js';

const everyWord = Uint16Array.from({ length: 65536 }, (_, word) => word);

/** The definition, in float64: sign, exponent, fraction. */
function halfByDefinition(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = (word & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('half floats', () => {
  test('every half word widens to the value of its definition', () => {
    expect(Array.from(float16ToFloat32(everyWord))).toEqual(Array.from(everyWord, halfByDefinition));
  });

  test('every half that is a number comes back as the same word', () => {
    const back = float32ToFloat16(float16ToFloat32(everyWord));
    const changed = everyWord.filter((word) => !Number.isNaN(halfByDefinition(word)) && back[word] !== word);
    expect(Array.from(changed)).toEqual([]);
  });

  test('a float32 narrows to the nearest half, and to the even one of two equally near', () => {
    const finite = Array.from({ length: 0x7c00 }, (_, word) => halfByDefinition(word));
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65519, maxExcluded: false, noNaN: true }), (value) => {
        const word = float32ToFloat16(Float32Array.of(value))[0]! & 0x7fff;
        const near = [word - 1, word, word + 1].filter((at) => at >= 0 && at < 0x7c00);
        const best = Math.min(...near.map((at) => Math.abs(finite[at]! - value)));
        expect(Math.abs(finite[word]! - value)).toBe(best);
        const ties = near.filter((at) => Math.abs(finite[at]! - value) === best);
        if (ties.length > 1) expect(word % 2).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('values half way between two halves go to the even one', () => {
    const values = Float32Array.of(
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      2 ** -25,
      3 * 2 ** -25,
      65519,
      65520,
      1e-9,
      -65536,
      NaN,
    );
    expect(Array.from(float32ToFloat16(values))).toEqual([0x3c00, 0x3c02, 0, 2, 0x7bff, 0x7c00, 0, 0xfc00, 0x7e00]);
  });
});

describe('bfloat16', () => {
  test('every word that is a number survives the way to float32 and back', () => {
    const wide = bfloat16ToFloat32(everyWord);
    const back = float32ToBfloat16(wide);
    expect(Array.from(everyWord.filter((word) => !Number.isNaN(wide[word]!) && back[word] !== word))).toEqual([]);
  });

  test('narrowing rounds to nearest, ties to even, and keeps NaN and infinity', () => {
    const values = Float32Array.of(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 3.4e38, Infinity, NaN, -0);
    const words = float32ToBfloat16(values);
    expect(Array.from(words)).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7f80, 0x7fc0, 0x8000]);
  });
});
