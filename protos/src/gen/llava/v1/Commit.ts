// Original file: llava/v1/common.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Ends a payload. A stream that ends without it is not complete and has no effect.
 */
export interface CommitInput {
  /**
   * Size of the whole payload.
   */
  'bytes'?: (number | string | Long);
  /**
   * CRC-32 (IEEE 802.3, as in zlib) of the whole payload. Not used on a lane.
   */
  'crc32'?: (number);
  /**
   * On a lane, and only there: the hash that lane.proto describes.
   */
  'laneHash'?: (number);
}

/**
 * Ends a payload. A stream that ends without it is not complete and has no effect.
 */
export interface CommitMessage {
  /**
   * Size of the whole payload.
   */
  'bytes': (number);
  /**
   * CRC-32 (IEEE 802.3, as in zlib) of the whole payload. Not used on a lane.
   */
  'crc32': (number);
  /**
   * On a lane, and only there: the hash that lane.proto describes.
   */
  'laneHash': (number);
}
