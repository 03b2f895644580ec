import { LlavaError } from '@llava-ts/telemetry';
import { crc32 } from 'node:zlib';
import type { WireChunk } from './chunk-codec.js';
import type { WireCommit } from './parts.js';

/** Puts chunks back together. A payload is worth something only after `finish` returned. */
export interface PayloadReceiver {
  /** The memory that the chunks go to, `[layout.size]` float32. */
  readonly payload: Float32Array;
  /** @throws {LlavaError} `bad-input` for a chunk of a wrong size, `corrupt` for one at a wrong place. */
  take(chunk: WireChunk): void;
  /** @throws {LlavaError} `corrupt` when the count or the checksum differs. */
  finish(commit: WireCommit): void;
}

/** Receives a payload into given memory. `what` names it in messages, e.g. `push of lease 3`. */
export function createPayloadReceiver(
  payload: Float32Array,
  options: { maxChunkBytes: number; what: string },
): PayloadReceiver {
  const { maxChunkBytes, what } = options;
  const target = new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  let received = 0;
  let checksum = 0;
  return {
    payload,
    take({ offset, data }) {
      if (data.length === 0) throw new LlavaError('bad-input', `${what}: an empty chunk; leave it out`);
      if (data.length > maxChunkBytes) {
        throw new LlavaError(
          'bad-input',
          `${what}: a chunk of ${data.length} bytes; at most ${maxChunkBytes} are allowed`,
        );
      }
      if (offset !== received)
        throw new LlavaError(
          'corrupt',
          `${what}: expected the chunk at byte ${received}, got the one at ${offset}; send it again`,
        );
      if (received + data.length > target.length) {
        throw new LlavaError('bad-input', `${what}: more than the ${target.length} bytes of the table of tensors`);
      }
      target.set(data, received);
      checksum = crc32(data, checksum);
      received += data.length;
    },
    finish(commit) {
      if (commit.bytes !== target.length || received !== target.length) {
        throw new LlavaError(
          'corrupt',
          `${what}: expected ${target.length} bytes, got ${received} and a commit of ${commit.bytes}; send it again`,
        );
      }
      if (commit.crc32 !== checksum) {
        throw new LlavaError(
          'corrupt',
          `${what}: its checksum is ${checksum}, the commit says ${commit.crc32}; send it again`,
        );
      }
    },
  };
}
