import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createArraySplitter, createLineSplitter } from './json-splitter.js';
import type { Splitter } from './json-splitter.js';

/** Splits bytes that come in pieces, going on from plain data before each piece as a resumed scan does. */
function split(create: typeof createArraySplitter, bytes: Buffer, cuts: readonly number[]): string[] {
  const found: string[] = [];
  const add = (start: number, length: number): void => void found.push(bytes.toString('utf8', start, start + length));
  let splitter: Splitter = create();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const end of ends) {
    splitter = create(structuredClone(splitter.state));
    splitter.take(bytes.subarray(splitter.state.at, end), add);
  }
  splitter.end(add);
  return found;
}

describe('splitters', () => {
  it('find the elements of any array, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.array(fc.nat(), { maxLength: 4 }), fc.nat(3), (values, cuts, indent) => {
        const bytes = Buffer.from(JSON.stringify(values, null, indent));
        expect(split(createArraySplitter, bytes, cuts).map((text) => JSON.parse(text) as unknown)).toEqual(
          JSON.parse(bytes.toString()),
        );
      }),
    );
  });

  it('find the lines of any file, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.array(fc.nat(), { maxLength: 4 }),
        fc.boolean(),
        (values, cuts, last) => {
          const bytes = Buffer.from(values.map((value) => JSON.stringify(value)).join('\r\n\n') + (last ? '\n' : ''));
          const expected = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
          expect(split(createLineSplitter, bytes, cuts).map((text) => JSON.parse(text) as unknown)).toEqual(expected);
        },
      ),
    );
  });

  it.each([
    ['[1] 2', /byte 4: there is more/],
    ['[}', /byte 1: a } without/],
    ['["a]', /byte 4: the file ends/],
  ])('name the byte of %s', (text, message) => {
    expect(() => split(createArraySplitter, Buffer.from(text), [])).toThrow(message);
  });
});
