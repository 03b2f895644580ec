/** Field 2 of PushPart and PullPart, length-delimited: `chunk`. */
const CHUNK_TAG = 0x12;
/** Field 1 of Chunk, varint: `offset`. */
const OFFSET_TAG = 0x08;
/** Field 2 of Chunk, length-delimited: `data`. */
const DATA_TAG = 0x12;

/** A decoded `Chunk`; `data` is a view of the message. */
export interface WireChunk {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Room for the frame in front of the data: two tags and lengths around it, one tag and a 64-bit offset in it. */
export const FRAME_ROOM = 32;

/**
 * Makes the message of a part that holds one chunk, as protobuf would write it, around data that lies in memory already: one copy less
 * than an encoder makes. Serves PushPart and PullPart alike, because `chunk` has the same number in both.
 * @param buffer the data from `FRAME_ROOM` on; the room is written to
 * @returns a view of `buffer`
 */
export function frameChunk(buffer: Buffer, offset: number, dataBytes: number): Buffer {
  const offsetBytes = offset === 0 ? 0 : 1 + varintBytes(offset);
  const chunkBytes = offsetBytes + 1 + varintBytes(dataBytes) + dataBytes;
  const start = FRAME_ROOM - (1 + varintBytes(chunkBytes) + chunkBytes - dataBytes);
  let at = start;
  buffer[at++] = CHUNK_TAG;
  at = writeVarint(buffer, at, chunkBytes);
  if (offset !== 0) {
    buffer[at++] = OFFSET_TAG;
    at = writeVarint(buffer, at, offset);
  }
  buffer[at++] = DATA_TAG;
  at = writeVarint(buffer, at, dataBytes);
  return buffer.subarray(start, at + dataBytes);
}

/**
 * Reads a part that `frameChunk` or any protobuf encoder wrote in the usual order.
 * @returns null when the message is anything else: let a full decoder look at it
 */
export function readChunk(message: Uint8Array): WireChunk | null {
  const reader = { at: 0, message };
  if (message[reader.at++] !== CHUNK_TAG) return null;
  const chunkBytes = readVarint(reader);
  if (chunkBytes === null || reader.at + chunkBytes !== message.length) return null;
  let offset: number | null = 0;
  if (message[reader.at] === OFFSET_TAG) {
    reader.at += 1;
    offset = readVarint(reader);
  }
  if (offset === null || message[reader.at++] !== DATA_TAG) return null;
  const dataBytes = readVarint(reader);
  if (dataBytes === null || reader.at + dataBytes !== message.length) return null;
  return { offset, data: message.subarray(reader.at) };
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

function writeVarint(target: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80;
  target[at++] = rest;
  return at;
}

/** Reads a varint below 2^53; null when it is longer or cut off. */
function readVarint(reader: { at: number; readonly message: Uint8Array }): number | null {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
    const byte = reader.message[reader.at++];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return Number.isSafeInteger(value) ? value : null;
  }
  return null;
}
