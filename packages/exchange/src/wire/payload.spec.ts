import { LlavaError } from '@llava-ts/telemetry';
import fc from 'fast-check';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { readChunk, type WireChunk } from './chunk-codec.js';
import { layOut, orderForPayload, splitPayload } from './layout.js';
import { bytesOf, createPayloadReceiver } from './payload-receiver.js';
import { sendPayload } from './payload-sender.js';

/** A stream that takes one chunk and then wants the writer to wait. */
class SlowStream extends EventEmitter {
  readonly chunks: WireChunk[] = [];
  pending = 0;
  mostPending = 0;

  write(message: Buffer, done: () => void): boolean {
    const chunk = readChunk(Buffer.from(message));
    if (chunk === null) throw new Error('not a chunk');
    this.chunks.push(chunk);
    setImmediate(() => {
      message.fill(0xff); // as if it was used again
      done();
    });
    this.pending += 1;
    this.mostPending = Math.max(this.mostPending, this.pending);
    setImmediate(() => {
      this.pending -= 1;
      this.emit('drain');
    });
    return false;
  }
}

const limits = { maxChunkBytes: 1024, what: 'test', checksum: 'crc32' } as const;
const send = { check: () => {}, ended: () => false };
const arrays = fc.array(fc.float32Array({ maxLength: 50, noNaN: true }), { maxLength: 8 });

test('a payload arrives as it was sent, whatever the sizes of tensors and chunks', async () => {
  await fc.assert(
    fc.asyncProperty(arrays, fc.integer({ min: 1, max: 300 }), async (tensors, chunkBytes) => {
      const layout = layOut(tensors.map((array, index) => ({ name: `t${index}`, shape: [array.length] })));
      const stream = new SlowStream();
      const commit = await sendPayload(stream, tensors, { ...send, chunkBytes });
      const payload = new Float32Array(layout.size);
      const receiver = createPayloadReceiver(bytesOf(payload), limits);
      for (const chunk of stream.chunks) receiver.take(chunk);
      receiver.finish(commit!);
      expect([...splitPayload(layout, payload).values()]).toEqual(tensors);
      expect(stream.mostPending).toBeLessThanOrEqual(1);
    }),
    { numRuns: 50 },
  );
});

test('a payload that lost, repeated, swapped or changed a byte does not finish', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('drop', 'repeat', 'swap', 'flip'), fc.nat(), async (fault, where) => {
      const stream = new SlowStream();
      const values = Float32Array.from({ length: 64 }, (_, i) => i + 1);
      const commit = await sendPayload(stream, [values], { ...send, chunkBytes: 32 });
      const chunks = stream.chunks.map(({ offset, data }) => ({ offset, data: Uint8Array.from(data) }));
      const at = where % (chunks.length - 1);
      if (fault === 'drop') chunks.splice(at, 1);
      if (fault === 'repeat') chunks.splice(at, 0, chunks[at]!);
      if (fault === 'swap') chunks.splice(at, 2, chunks[at + 1]!, chunks[at]!);
      if (fault === 'flip') chunks[at]!.data[where % 32]! ^= 1 << (where % 8);
      const receiver = createPayloadReceiver(new Uint8Array(256), limits);
      const receive = (): void => {
        for (const chunk of chunks) receiver.take(chunk);
        receiver.finish(commit!);
      };
      expect(receive).toThrow(expect.objectContaining({ code: 'corrupt' }));
    }),
    { numRuns: 100 },
  );
});

test('a chunk that is too large, empty, or beyond the table is refused', () => {
  const refuse = (chunk: WireChunk): (() => void) => {
    const receiver = createPayloadReceiver(new Uint8Array(8), limits);
    return () => receiver.take(chunk);
  };
  expect(refuse({ offset: 0, data: new Uint8Array(1025) })).toThrow('a chunk of 1025 bytes; at most 1024 are allowed');
  expect(refuse({ offset: 0, data: new Uint8Array(0) })).toThrow('an empty chunk');
  expect(refuse({ offset: 0, data: new Uint8Array(9) })).toThrow('more than the 8 bytes of the table of tensors');
  expect(refuse({ offset: 4, data: new Uint8Array(4) })).toThrow('expected the chunk at byte 0, got the one at 4');
});

test('sending stops when the other side has ended the stream', async () => {
  const stream = new SlowStream();
  const commit = await sendPayload(stream, [new Float32Array(100)], {
    ...send,
    chunkBytes: 4,
    ended: () => stream.chunks.length >= 3,
  });
  expect(commit).toBeNull();
  expect(stream.chunks).toHaveLength(3);
});

test('arrays that do not fit the table are all named', () => {
  const layout = layOut([
    { name: 'a', shape: [2, 3] },
    { name: 'b', shape: [] },
  ]);
  expect(layout.bytes).toBe(28);
  const given = new Map([
    ['a', new Float32Array(5)],
    ['c', new Float32Array(1)],
  ]);
  expect(() => orderForPayload(layout, given, 'gradients')).toThrow(
    new LlavaError('mismatch', "gradients: 'a' has 5 elements instead of 6; 'b' is missing; 'c' is not expected"),
  );
});
