// Original file: llava/v1/common.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A run of bytes of a payload. Chunks come in order, without gaps or overlap, and may end anywhere.
 */
export interface ChunkInput {
  /**
   * Of `data`'s first byte in the payload; equals the number of bytes sent before.
   */
  'offset'?: (number | string | Long);
  /**
   * At most JoinReply.max_chunk_bytes.
   */
  'data'?: (Buffer | Uint8Array | string);
}

/**
 * A run of bytes of a payload. Chunks come in order, without gaps or overlap, and may end anywhere.
 */
export interface ChunkMessage {
  /**
   * Of `data`'s first byte in the payload; equals the number of bytes sent before.
   */
  'offset': (number);
  /**
   * At most JoinReply.max_chunk_bytes.
   */
  'data': (Buffer);
}
