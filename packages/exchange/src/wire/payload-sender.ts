import { LlavaError } from '@llava-ts/telemetry';
import type { EventEmitter } from 'node:events';
import { createChecksum } from './checksum.js';
import { FRAME_ROOM, frameChunk } from './chunk-codec.js';
import type { WireCommit } from './parts.js';
import { bytesOf } from './payload-receiver.js';

/** The writing end of a gRPC stream of parts. */
export interface PartStream extends EventEmitter {
  /** `done` is called when the part is not needed any more. */
  write(part: Buffer, done: () => void): boolean;
}

/** Elements as they are sent: float32, or bfloat16 in 16 bits. */
export type WireArray = Float32Array | Uint16Array;

/** How a payload is cut and watched while it is sent. */
export interface SendOptions {
  readonly chunkBytes: number;
  /** Called before every chunk; throw to give up. */
  readonly check: () => void;
  /** True when the other side or the transport has ended the stream. */
  readonly ended: () => boolean;
}

/**
 * Writes arrays as one payload, chunk by chunk, and waits whenever the stream is full.
 * @returns what the commit must say, or null when the stream ended on the way
 */
export async function sendPayload(
  stream: PartStream,
  arrays: readonly WireArray[],
  options: SendOptions,
): Promise<WireCommit | null> {
  const source = createByteSource(arrays);
  const frames = createFramePool(FRAME_ROOM + Math.min(options.chunkBytes, source.bytes));
  const checksum = createChecksum('crc32');
  let offset = 0;
  while (offset < source.bytes) {
    options.check();
    if (options.ended()) return null;
    const dataBytes = Math.min(options.chunkBytes, source.bytes - offset);
    const frame = frames.take();
    const data = frame.subarray(FRAME_ROOM, FRAME_ROOM + dataBytes);
    source.copyInto(data);
    checksum.update(data);
    const more = stream.write(frameChunk(frame, offset, dataBytes), () => frames.giveBack(frame));
    offset += dataBytes;
    if (!more) await roomOrEnd(stream, options.ended);
  }
  return checksum.commit(source.bytes);
}

/** Buffers that are used again: without them most of a transfer goes into collecting garbage. */
function createFramePool(bytes: number): { take: () => Buffer; giveBack: (frame: Buffer) => void } {
  const free: Buffer[] = [];
  return { take: () => free.pop() ?? Buffer.allocUnsafe(bytes), giveBack: (frame) => void free.push(frame) };
}

/** Reads arrays one after the other as if they were one run of bytes. */
function createByteSource(arrays: readonly WireArray[]): { bytes: number; copyInto: (target: Uint8Array) => void } {
  const views = arrays.map(bytesOf);
  let index = 0;
  let within = 0;
  const copyInto = (target: Uint8Array): void => {
    for (let filled = 0; filled < target.length;) {
      const view = views[index];
      if (view === undefined) throw new LlavaError('internal', 'read past the end of a payload');
      const piece = view.subarray(within, within + target.length - filled);
      target.set(piece, filled);
      filled += piece.length;
      within += piece.length;
      if (within === view.length) {
        index += 1;
        within = 0;
      }
    }
  };
  return { bytes: views.reduce((sum, view) => sum + view.length, 0), copyInto };
}

const ENDINGS = ['drain', 'error', 'close', 'finish', 'cancelled', 'status'] as const;

/** Resolves when the stream takes more, or when it never will. */
export function roomOrEnd(stream: EventEmitter, ended: () => boolean): Promise<void> {
  if (ended()) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ENDINGS) stream.off(event, done);
      resolve();
    };
    for (const event of ENDINGS) stream.on(event, done);
  });
}
