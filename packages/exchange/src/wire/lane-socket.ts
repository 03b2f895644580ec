import { LlavaError } from '@llava-ts/telemetry';
import { Socket } from 'node:net';
import { createChecksum } from './checksum.js';
import { createFrameReader, messageFrame, rawHeader, type FrameSink } from './frames.js';
import type { WireCommit } from './parts.js';
import { bytesOf } from './payload-receiver.js';
import { roomOrEnd, type SendOptions, type WireArray } from './payload-sender.js';

/** Bytes that one read of a socket asks for at most. */
const READ_BYTES = 512 * 2 ** 10;

/** A handle as Node keeps it in a socket: not documented, so that a socket without one is read in the ordinary way. */
interface WithHandle {
  _handle?: unknown;
}

/** What `node:net` takes for reading into given memory, on sockets that it connects or is given. */
export interface DirectRead {
  readonly buffer: () => Uint8Array;
  readonly callback: (bytes: number) => boolean;
}

/** Reads frames from a socket, in place where the socket can. */
export interface LaneInput {
  readonly onread: DirectRead;
  /** For bytes that were read elsewhere. */
  feed(data: Uint8Array): void;
}

/**
 * Makes the reading end of a lane. After the first error everything that still comes is dropped, so that the answer can leave:
 * closing a socket with unread bytes would take it back.
 */
export function createLaneInput(sink: FrameSink, onError: (error: unknown) => void): LaneInput {
  const reader = createFrameReader(sink);
  let failed = false;
  const dropped = new Uint8Array(64 * 2 ** 10);
  const guarded = <T>(work: () => T): T | undefined => {
    if (failed) return undefined;
    try {
      return work();
    } catch (error) {
      failed = true;
      onError(error);
      return undefined;
    }
  };
  return {
    onread: {
      buffer: () => guarded(() => reader.space().subarray(0, READ_BYTES)) ?? dropped,
      callback(bytes) {
        guarded(() => reader.filled(bytes));
        return true;
      },
    },
    feed(data) {
      for (let at = 0; at < data.length && !failed;) {
        guarded(() => {
          const space = reader.space();
          const piece = data.subarray(at, at + space.length);
          space.set(piece);
          at += piece.length;
          reader.filled(piece.length);
        });
      }
    },
  };
}

/** A socket that an accepted, still paused one becomes when it shall read in place. */
export function readInPlace(accepted: Socket, input: LaneInput): Socket {
  const owner = accepted as unknown as WithHandle;
  const handle = owner._handle;
  if (handle === undefined || handle === null) {
    accepted.on('data', input.feed).resume();
    return accepted;
  }
  owner._handle = null; // the connection belongs to the new socket from here on, and its server need not wait for this one
  accepted.destroy();
  const options = { handle, onread: input.onread, allowHalfOpen: true };
  const socket = new Socket(options);
  socket.resume();
  return socket;
}

/** Writes a message. */
export function writeMessage(socket: Socket, message: Uint8Array): void {
  socket.write(messageFrame(message));
}

/**
 * Writes arrays as raw frames, from where they lie, and waits whenever the socket is full. They must not change before they are received.
 * @returns what the commit must say, or null when the other side ended the call on the way
 */
export async function sendRaw(
  socket: Socket,
  arrays: readonly WireArray[],
  { chunkBytes, check, ended }: SendOptions,
): Promise<WireCommit | null> {
  const checksum = createChecksum('lane');
  let bytes = 0;
  for (const { views, length } of cut(arrays.map(bytesOf), chunkBytes)) {
    check();
    if (ended() || socket.destroyed) return null;
    socket.cork();
    socket.write(rawHeader(length));
    let more = true;
    for (const view of views) {
      checksum.update(view);
      more = socket.write(view);
    }
    socket.uncork();
    bytes += length;
    if (!more) await roomOrEnd(socket, () => ended() || socket.destroyed);
  }
  return checksum.commit(bytes);
}

/** Cuts a run of bytes that lies in pieces into frames of one size; the last may be shorter. */
function* cut(pieces: readonly Uint8Array[], size: number): Generator<{ views: Uint8Array[]; length: number }> {
  let views: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const view = piece.subarray(at, at + size - length);
      views.push(view);
      at += view.length;
      length += view.length;
      if (length < size) continue;
      yield { views, length };
      views = [];
      length = 0;
    }
  }
  if (length > 0) yield { views, length };
}

/** The failure of a lane whose socket broke. */
export function laneLost(peer: string, error?: Error): LlavaError {
  return new LlavaError('unavailable', `lane to ${peer}: ${error?.message ?? 'closed by the other side'}`, {
    cause: error,
  });
}
