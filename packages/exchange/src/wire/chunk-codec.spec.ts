import { loadLlavaV1 } from '@llava-ts/protos';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME_ROOM, frameChunk, readChunk } from './chunk-codec.js';
import { fastParametersService } from './parts.js';

const { Push } = loadLlavaV1().Parameters.service;
const offsets = fc.maxSafeNat();
const payloads = fc.uint8Array({ maxLength: 1000 });

function framed(offset: number, data: Uint8Array): Buffer {
  const buffer = Buffer.alloc(FRAME_ROOM + data.length);
  buffer.set(data, FRAME_ROOM);
  return frameChunk(buffer, offset, data.length);
}

test('a framed chunk is what a protobuf decoder reads', () => {
  fc.assert(
    fc.property(offsets, payloads, (offset, data) => {
      const decoded = Push.requestDeserialize(framed(offset, data));
      expect(decoded.part).toBe('chunk');
      expect(decoded.chunk?.offset).toBe(offset);
      expect(Buffer.from(decoded.chunk?.data ?? [])).toEqual(Buffer.from(data));
    }),
  );
});

test('what a protobuf encoder writes is read as the same chunk', () => {
  fc.assert(
    fc.property(offsets, fc.uint8Array({ minLength: 1, maxLength: 1000 }), (offset, data) => {
      const chunk = readChunk(Push.requestSerialize({ chunk: { offset, data } }));
      expect(chunk?.offset).toBe(offset);
      expect(Buffer.from(chunk?.data ?? [])).toEqual(Buffer.from(data));
    }),
  );
});

test('no bytes make the reader throw, and what it accepts a protobuf decoder accepts too', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated()), (bytes) => {
      const chunk = readChunk(bytes);
      if (chunk === null) return;
      const decoded = Push.requestDeserialize(Buffer.from(bytes));
      expect(decoded.chunk?.offset).toBe(chunk.offset);
      expect(Buffer.from(decoded.chunk?.data ?? [])).toEqual(Buffer.from(chunk.data));
    }),
    { numRuns: 2000 },
  );
});

test('bytes that are no part come out as malformed, never as an exception', () => {
  const { requestDeserialize } = fastParametersService().Push;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(['header', 'chunk', 'commit', 'malformed']).toContain(requestDeserialize(Buffer.from(bytes)).part);
    }),
    { numRuns: 2000 },
  );
});

test('the largest offset and a chunk of a gigabyte still have room for their frame', () => {
  const buffer = Buffer.alloc(FRAME_ROOM);
  expect(frameChunk(buffer, Number.MAX_SAFE_INTEGER, 2 ** 30).length).toBeGreaterThan(0);
});

/** A right message with one byte changed or its end cut off. */
function mutated(): fc.Arbitrary<Uint8Array> {
  return fc.tuple(offsets, payloads, fc.nat(40), fc.nat(255), fc.boolean()).map(([offset, data, at, value, cut]) => {
    const message = framed(offset, data);
    if (cut) return message.subarray(0, at);
    if (at < message.length) message[at] = value;
    return message;
  });
}
