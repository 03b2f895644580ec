import { LlavaError } from '@llava-ts/telemetry';
import { MAX_MESSAGE_BYTES } from './limits.js';

/** The largest raw frame that is taken. */
export const MAX_RAW_FRAME_BYTES = 16 * 2 ** 20;
const HEADER_BYTES = 4;
const RAW = 0x80000000;

/** What frames of a lane are read into. All methods may throw; that ends the reading. */
export interface FrameSink {
  message(bytes: Buffer): void;
  /** Where the next raw bytes go: memory for exactly so many. */
  space(bytes: number): Uint8Array;
  /** The first of them are there. */
  arrived(bytes: number): void;
}

/** Takes frames apart where the bytes arrive: whoever reads puts them into `space` and says how many there are. */
export interface FrameReader {
  space(): Uint8Array;
  filled(bytes: number): void;
}

/** Starts reading frames. See lane.proto for their form. */
export function createFrameReader(sink: FrameSink): FrameReader {
  const header = Buffer.alloc(HEADER_BYTES);
  let state: 'header' | 'message' | 'raw' = 'header';
  let body = header;
  let filled = 0;
  let rawLeft = 0;

  function begin(length: number, raw: boolean): void {
    const most = raw ? MAX_RAW_FRAME_BYTES : MAX_MESSAGE_BYTES;
    if (length > most)
      throw new LlavaError('bad-input', `lane: a ${raw ? 'raw frame' : 'message'} of ${length} bytes; at most ${most}`);
    state = raw ? 'raw' : 'message';
    rawLeft = raw ? length : 0;
    filled = 0;
    if (!raw) body = Buffer.allocUnsafe(length);
    if (length === 0) finish();
  }
  function finish(): void {
    const message = state === 'message' ? body : null;
    state = 'header';
    body = header;
    filled = 0;
    if (message !== null) sink.message(message);
  }
  return {
    space: () => (state === 'raw' ? sink.space(rawLeft) : body.subarray(filled)),
    filled(bytes) {
      if (state === 'raw') {
        rawLeft -= bytes;
        sink.arrived(bytes);
        if (rawLeft === 0) finish();
        return;
      }
      filled += bytes;
      if (filled < body.length) return;
      if (state === 'message') {
        finish();
        return;
      }
      const word = header.readUInt32LE(0);
      begin(word % RAW, word >= RAW);
    },
  };
}

/** A frame of a message. */
export function messageFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length);
  frame.writeUInt32LE(message.length, 0);
  frame.set(message, HEADER_BYTES);
  return frame;
}

/** The header of a raw frame. */
export function rawHeader(bytes: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(RAW + bytes, 0);
  return header;
}
