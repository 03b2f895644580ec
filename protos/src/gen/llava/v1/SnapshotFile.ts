// Original file: llava/v1/shard.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A file of a snapshot, as its manifest lists it.
 */
export interface SnapshotFileInput {
  'name'?: (string);
  'bytes'?: (number | string | Long);
  /**
   * Lower-case hexadecimal.
   */
  'sha256'?: (string);
}

/**
 * A file of a snapshot, as its manifest lists it.
 */
export interface SnapshotFileMessage {
  'name': (string);
  'bytes': (number);
  /**
   * Lower-case hexadecimal.
   */
  'sha256': (string);
}
