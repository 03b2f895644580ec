// Original file: llava/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Answers every Heartbeat. A worker that misses it for long may take the stream for broken.
 */
export interface HeartbeatAckInput {
  'sequence'?: (number | string | Long);
}

/**
 * Answers every Heartbeat. A worker that misses it for long may take the stream for broken.
 */
export interface HeartbeatAckMessage {
  'sequence': (number);
}
