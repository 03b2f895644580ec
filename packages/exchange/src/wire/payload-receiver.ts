import { LlavaError } from '@llava-ts/telemetry';
import { createChecksum, type ChecksumKind } from './checksum.js';
import type { WireChunk } from './chunk-codec.js';
import type { WireCommit } from './parts.js';

/** Puts a payload back together. It is worth something only after `finish` returned. */
export interface PayloadReceiver {
  /** The memory that the bytes go to. */
  readonly target: Uint8Array;
  /** Copies a chunk to its place. @throws {LlavaError} `bad-input` for a chunk of a wrong size, `corrupt` for one at a wrong place. */
  take(chunk: WireChunk): void;
  /** Where the next bytes go, for whoever can read them right there. @throws {LlavaError} `bad-input` when there is no room for so many. */
  space(bytes: number): Uint8Array;
  /** Notes that the first bytes of `space` are filled. */
  arrived(bytes: number): void;
  /**
   * @returns whether every float32 of the payload is known to be finite; false when nobody looked
   * @throws {LlavaError} `corrupt` when the count or the checksum differs.
   */
  finish(commit: WireCommit): { readonly finite: boolean };
}

/** How a payload is received. `what` names it in messages, e.g. `push of lease 3`. */
export interface ReceiverOptions {
  readonly maxChunkBytes: number;
  readonly what: string;
  readonly checksum: ChecksumKind;
}

/** Receives a payload into given memory. */
export function createPayloadReceiver(target: Uint8Array, options: ReceiverOptions): PayloadReceiver {
  const { maxChunkBytes, what } = options;
  const checksum = createChecksum(options.checksum);
  let received = 0;

  function space(bytes: number): Uint8Array {
    if (received + bytes > target.length)
      throw new LlavaError('bad-input', `${what}: more than the ${target.length} bytes of the table of tensors`);
    return target.subarray(received, received + bytes);
  }
  function arrived(bytes: number): void {
    checksum.update(target.subarray(received, received + bytes));
    received += bytes;
  }
  return {
    target,
    space,
    arrived,
    take({ offset, data }) {
      checkChunk(data.length, maxChunkBytes, what);
      if (offset !== received) {
        const expected = `expected the chunk at byte ${received}, got the one at ${offset}`;
        throw new LlavaError('corrupt', `${what}: ${expected}; send it again`);
      }
      space(data.length).set(data);
      arrived(data.length);
    },
    finish(commit) {
      if (commit.bytes !== target.length || received !== target.length) {
        const came = `got ${received} and a commit of ${commit.bytes}`;
        throw new LlavaError('corrupt', `${what}: expected ${target.length} bytes, ${came}; send it again`);
      }
      const { expected, came } = checksum.compare(commit, received);
      if (expected === came) return { finite: checksum.finite() };
      throw new LlavaError('corrupt', `${what}: its checksum is ${expected}, the commit says ${came}; send it again`);
    },
  };
}

function checkChunk(bytes: number, maxChunkBytes: number, what: string): void {
  if (bytes === 0) throw new LlavaError('bad-input', `${what}: an empty chunk; leave it out`);
  if (bytes > maxChunkBytes)
    throw new LlavaError('bad-input', `${what}: a chunk of ${bytes} bytes; at most ${maxChunkBytes} are allowed`);
}

/** The bytes of an array, not copied. */
export function bytesOf(array: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
