import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { LlavaError } from '@llava-ts/telemetry';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { listWeights, readWeights } from '../read-weights.js';
import { unpickle } from './unpickle.js';

/** Files that PyTorch wrote, see make_files.py beside them. */
const FILES = fileURLToPath(new URL('../../fixtures/torch/', import.meta.url));
const stateDict = join(FILES, 'state-dict.bin');

describe('a state dict of torch.save', () => {
  test('comes with every type, transposed and sliced tensors too', async () => {
    expect(Object.fromEntries(await readWeights(stateDict))).toEqual({
      'model.mm_projector.0.weight': { dtype: 'F32', shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
      'model.mm_projector.0.bias': { dtype: 'F16', shape: [2], data: Float32Array.of(0.5, -1.5) },
      transposed: { dtype: 'BF16', shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) },
      ids: { dtype: 'I64', shape: [2], data: BigInt64Array.of(1n, 2n ** 40n) },
      flags: { dtype: 'BOOL', shape: [2], data: Int32Array.of(1, 0) },
      slice: { dtype: 'F32', shape: [4], data: Float32Array.of(3, 4, 5, 6) },
      scalar: { dtype: 'F64', shape: [], data: Float32Array.of(2.5) },
      empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
    });
  });

  test('may be wrapped, and hold parameters', async () => {
    expect([...(await listWeights(join(FILES, 'wrapped.bin')))]).toEqual([['weight', { dtype: 'F32', shape: [2, 2] }]]);
  });

  test.each([
    ['hostile.bin', 'refused', /the pickle names "posix.system", which is no part of a tensor and could run code/],
    ['module.bin', 'refused', /the pickle names "torch.nn.modules.linear.Linear"/],
    ['before-1.6.bin', 'bad-input', /is not a zip file; .*must be loaded and saved once/],
    ['mixed.bin', 'bad-input', /expected a state dict, but "epoch" is no tensor/],
  ])('%s is refused', async (name, code, message) => {
    await expect(readWeights(join(FILES, name))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('a file cut anywhere is refused, never half read', async () => {
    const whole = readFileSync(stateDict);
    const file = join(mkdtempSync(join(tmpdir(), 'torch-')), 'cut.bin');
    for (let bytes = 0; bytes < whole.length; bytes += 41) {
      writeFileSync(file, whole.subarray(0, bytes));
      await expect(readWeights(file)).rejects.toBeInstanceOf(LlavaError);
    }
  });

  test('a flipped bit gives tensors or a one-line error, never a crash', async () => {
    const whole = readFileSync(stateDict);
    const file = join(mkdtempSync(join(tmpdir(), 'torch-')), 'flipped.bin');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const damaged = Buffer.from(whole);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(file, damaged);
        await readWeights(file).catch((error: unknown) => {
          expect(error).toBeInstanceOf(LlavaError);
          expect((error as LlavaError).message).not.toContain('\n');
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('unpickle', () => {
  test('any bytes give a value or a LlavaError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          unpickle(bytes, 'file');
        } catch (error) {
          expect(error).toBeInstanceOf(LlavaError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['INST', 'i', /instruction 0x69/],
    ['NEWOBJ', '\x80\x02N)\x81.', /instruction 0x81/],
    ['builtins.eval', '\x80\x02cbuiltins\neval\n.', /"builtins.eval"/],
    ['a global by stack', '\x80\x04\x8c\x02os\x8c\x06system\x93.', /"os.system"/],
  ])('%s is refused by name', (_, pickle, message) => {
    expect(() => unpickle(Buffer.from(pickle, 'latin1'), 'file')).toThrow(message);
  });
});
