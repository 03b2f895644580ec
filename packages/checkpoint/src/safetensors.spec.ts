import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import { readSafetensors } from './read-safetensors.js';
import type { WritableTensor } from './tensor.js';
import { writeSafetensors } from './write-safetensors.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
  file = join(folder, 'model.safetensors');
});

const tensors = new Map<string, WritableTensor>([
  ['vision.weight', { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-30, 4e8) }],
  ['ids', { shape: [2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
  ['scalar', { shape: [], data: BigInt64Array.of(-(2n ** 60n)) }],
  ['empty', { shape: [0, 5], data: new Float32Array(0) }],
]);

/** A safetensors file with this header and so many bytes of data. */
function writeRaw(header: unknown, dataBytes: number): void {
  const json = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.byteLength));
  writeFileSync(file, Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]));
}

async function failure(): Promise<LlavaError> {
  const error = await readSafetensors(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LlavaError);
  return error as LlavaError;
}

describe('writing and reading', () => {
  test('tensors of every kind come back with names, shapes and values', async () => {
    await writeSafetensors(file, tensors, { format: 'pt' });
    const read = await readSafetensors(file);
    expect(new Set(read.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, tensor] of tensors)
      expect(read.get(name)).toMatchObject({ shape: tensor.shape, data: tensor.data });
  });

  test('only the named tensors are read', async () => {
    await writeSafetensors(file, tensors);
    expect([...(await readSafetensors(file, { names: ['ids'] })).keys()]).toEqual(['ids']);
    await expect(readSafetensors(file, { names: ['absent'] })).rejects.toThrow(/has no tensor "absent"/);
  });

  test('F16 and BF16 are stored in two bytes and read as float32', async () => {
    const data = Float32Array.of(1, -0.5, 1024, 3);
    const halves = new Map<string, WritableTensor>([
      ['half', { dtype: 'F16', shape: [4], data }],
      ['brain', { dtype: 'BF16', shape: [4], data }],
    ]);
    await writeSafetensors(file, halves);
    const read = await readSafetensors(file);
    expect(read.get('half')).toEqual({ dtype: 'F16', shape: [4], data });
    expect(read.get('brain')).toEqual({ dtype: 'BF16', shape: [4], data });
  });

  test('every type is stored in its own width, and what does not fit is refused', async () => {
    const floats = { shape: [2], data: Float32Array.of(1.5, -2) };
    const ints = { shape: [2], data: Int32Array.of(0, 1) };
    const longs = { shape: [1], data: BigInt64Array.of(2n ** 32n - 1n) };
    const all = new Map<string, WritableTensor>([
      ...(['F64', 'F32', 'F16', 'BF16'] as const).map((dtype) => [dtype, { ...floats, dtype }] as const),
      ...(['I32', 'I16', 'U16', 'I8', 'U8', 'BOOL'] as const).map((dtype) => [dtype, { ...ints, dtype }] as const),
      ...(['I64', 'U32'] as const).map((dtype) => [dtype, { ...longs, dtype }] as const),
    ]);
    await writeSafetensors(file, all);
    expect(new Map(await readSafetensors(file))).toEqual(
      new Map([...all].map(([name, tensor]) => [name, { ...tensor }])),
    );
    const tooLarge = { dtype: 'I8', shape: [1], data: Int32Array.of(200) } as const;
    await expect(writeSafetensors(file, new Map([['x', tooLarge]]))).rejects.toThrow(/element 0, 200, does not fit I8/);
  });

  test('a tensor behind the first 4 GiB of a sparse file is read, and only its own bytes', async () => {
    const filler = 5 * 2 ** 30;
    writeRaw(
      {
        filler: { dtype: 'U8', shape: [filler], data_offsets: [0, filler] },
        last: { dtype: 'F32', shape: [2], data_offsets: [filler, filler + 8] },
      },
      0,
    );
    const dataBegin = statSync(file).size;
    const handle = openSync(file, 'r+');
    writeSync(handle, new Uint8Array(Float32Array.of(3, 4).buffer), 0, 8, dataBegin + filler);
    closeSync(handle);
    expect(await readSafetensors(file, { names: ['last'] })).toEqual(
      new Map([['last', { dtype: 'F32', shape: [2], data: Float32Array.of(3, 4) }]]),
    );
  });

  test('any float tensors round-trip bit for bit, whatever their names', async () => {
    const leaf = fc.float32Array({ maxLength: 20 }).map((data) => ({ shape: [data.length], data }));
    const name = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((text) => text !== '__metadata__' && Buffer.from(text).toString() === text);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, leaf), { selector: ([key]) => key, maxLength: 6 }),
        async (pairs) => {
          await writeSafetensors(file, new Map(pairs));
          const read = await readSafetensors(file);
          expect([...read.keys()].sort()).toEqual(pairs.map(([key]) => key).sort());
          for (const [key, { data }] of pairs) {
            expect(new Uint32Array(read.get(key)!.data.buffer)).toEqual(new Uint32Array(data.slice().buffer));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the same tensors give the same bytes, aligned to eight', async () => {
    await writeSafetensors(file, tensors);
    const first = readFileSync(file);
    await writeSafetensors(file, tensors);
    expect(readFileSync(file).equals(first)).toBe(true);
    expect(Number(first.readBigUInt64LE(0)) % 8).toBe(0);
  });

  test('a shape that does not fit its data is refused before anything is written', async () => {
    const wrong = new Map([...tensors, ['wrong', { shape: [3], data: new Float32Array(2) }] as const]);
    await expect(writeSafetensors(file, wrong)).rejects.toThrow(/tensor "wrong": shape \[3\] does not fit 2 elements/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a failed write leaves the old file and no temporary one', async () => {
    await writeSafetensors(file, tensors);
    const before = readFileSync(file);
    const target = join(file, 'below-a-file.safetensors');
    await expect(writeSafetensors(target, tensors)).rejects.toMatchObject({ name: 'LlavaError' });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });
});

describe('files that lie', () => {
  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each([
    ['an empty object with data behind it', {}, 4, /tensors end at/],
    [
      'a size that differs from its shape',
      { a: { ...entry, shape: [3] } },
      8,
      /tensor "a": F32 \[3\] takes 12 bytes, but it has 8/,
    ],
    ['a shape whose product overflows', { a: { ...entry, shape: [2 ** 40, 2 ** 40] } }, 8, /tensor "a"/],
    ['a negative size', { a: { ...entry, shape: [-2] } }, 8, /tensor "a": shape is not a list of sizes/],
    [
      'offsets past the end',
      { a: { ...entry, shape: [4], data_offsets: [0, 16] } },
      8,
      /tensor "a" ends at byte \d+.*cut off/,
    ],
    [
      'offsets that go backwards',
      { a: { ...entry, data_offsets: [8, 0] } },
      8,
      /tensor "a": data_offsets end 0 is before begin 8/,
    ],
    ['two tensors on the same bytes', { a: entry, b: entry }, 8, /tensor "b" overlaps another/],
    ['a gap between tensors', { a: entry, b: { ...entry, data_offsets: [12, 20] } }, 20, /tensor "b" leaves a gap/],
    ['a tensor without dtype', { a: { shape: [2], data_offsets: [0, 8] } }, 8, /tensor "a": dtype is missing/],
    ['a tensor that is null', { a: null }, 0, /tensor "a": expected an object/],
    ['metadata that is not text', { __metadata__: { x: 1 } }, 0, /__metadata__ may hold only strings/],
    ['a list instead of an object', [1], 0, /not a JSON object/],
    ['no JSON at all', '{"a":', 0, /not valid JSON/],
    ['a dtype of the future', { a: { ...entry, dtype: 'F8_E4M3', shape: [8] } }, 8, /dtype "F8_E4M3" is not supported/],
    [
      'a name that stands twice',
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      8,
      /tensor "a" stands twice/,
    ],
    ['text that is not UTF-8', Buffer.from('7b22ff223a317d', 'hex'), 0, /not valid JSON/],
    ['a million open brackets', `{"a":${'['.repeat(1_000_000)}`, 0, /not valid JSON/],
    ['a name with line breaks', { 'a\nb': null }, 0, /tensor "a\\nb"/],
  ])('%s is refused in one line that names the file', async (_, header, dataBytes, message) => {
    writeRaw(header, dataBytes);
    const error = await failure();
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`${file}: `)).toBe(true);
    expect(error.message).not.toContain('\n');
  });

  test('a header length of 2^63 allocates nothing and is refused', async () => {
    writeFileSync(file, Buffer.from('ffffffffffffff7f7b7d', 'hex'));
    expect(await failure()).toMatchObject({ code: 'corrupt' });
  });

  test('a file cut at any byte is refused as corrupt', async () => {
    await writeSafetensors(file, tensors);
    const whole = readFileSync(file);
    for (let bytes = 0; bytes < whole.byteLength; bytes++) {
      writeFileSync(file, whole);
      truncateSync(file, bytes);
      expect(await failure()).toMatchObject({ code: 'corrupt' });
    }
  });

  test('a flipped bit in the header gives a tensor map or a one-line error, never a crash', async () => {
    await writeSafetensors(file, tensors);
    const whole = readFileSync(file);
    const headerBits = (8 + Number(whole.readBigUInt64LE(0))) * 8;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: headerBits - 1 }), async (bit) => {
        const damaged = Buffer.from(whole);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(file, damaged);
        await readSafetensors(file).catch((error: unknown) => {
          expect(error).toBeInstanceOf(LlavaError);
          expect((error as LlavaError).message).not.toContain('\n');
        });
      }),
      { numRuns: 150 },
    );
  });

  test('any header gives a tensor map or a one-line error, never a crash', async () => {
    const size = fc.oneof(fc.nat(16), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300));
    const entry = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom('F32', 'F16', 'I64', 'BOOL', 'F8_E4M3'), fc.jsonValue()),
        shape: fc.oneof(fc.array(size, { maxLength: 3 }), fc.jsonValue()),
        data_offsets: fc.oneof(fc.array(size, { maxLength: 3 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(
      fc.oneof(fc.constantFrom('a', '__proto__', '__metadata__'), fc.string()),
      fc.oneof(entry, fc.jsonValue()),
    );
    await fc.assert(
      fc.asyncProperty(header, fc.nat(64), async (value, dataBytes) => {
        writeRaw(value, dataBytes);
        await readSafetensors(file).catch((error: unknown) => {
          expect(error).toBeInstanceOf(LlavaError);
          expect((error as LlavaError).message).not.toContain('\n');
        });
      }),
      { numRuns: 300 },
    );
  });

  test('a missing file says so', async () => {
    expect(await failure()).toMatchObject({
      code: 'not-found',
      message: `${file}: cannot read it: no such file or folder`,
    });
  });
});
