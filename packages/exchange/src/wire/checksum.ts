import { crc32 } from 'node:zlib';
import { createLaneHash } from './lane-hash.js';
import type { WireCommit } from './parts.js';

/** What a payload is checked by: one number over its bytes in order, however they are cut. */
export interface Checksum {
  update(data: Uint8Array): void;
  /** The commit that ends a payload of these bytes. Call it once. */
  commit(bytes: number): WireCommit;
  /** The number that a commit must carry, and the one that it carries. */
  compare(commit: WireCommit, bytes: number): { expected: number; came: number };
  /** After `commit` or `compare`: every float32 of the payload is known to be finite. False when nobody looked. */
  finite(): boolean;
}

/** Which of the two: gRPC's streams carry a CRC-32, lanes the hash of lane.proto. */
export type ChecksumKind = 'crc32' | 'lane';

/** Starts a checksum. */
export function createChecksum(kind: ChecksumKind): Checksum {
  if (kind === 'lane') {
    const hash = createLaneHash();
    return {
      update: hash.update,
      commit: (bytes) => ({ bytes, crc32: 0, laneHash: hash.digest() }),
      compare: ({ laneHash }) => ({ expected: hash.digest(), came: laneHash }),
      finite: hash.finite,
    };
  }
  let value = 0;
  return {
    update(data) {
      value = crc32(data, value);
    },
    commit: (bytes) => ({ bytes, crc32: value, laneHash: 0 }),
    compare: (commit) => ({ expected: value, came: commit.crc32 }),
    finite: () => false,
  };
}
