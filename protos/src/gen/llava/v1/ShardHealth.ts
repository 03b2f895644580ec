// Original file: llava/v1/shard.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Once per heartbeat.
 */
export interface ShardHealthInput {
  'residentBytes'?: (number | string | Long);
  'receivedBytes'?: (number | string | Long);
  'sentBytes'?: (number | string | Long);
  'queuedPushes'?: (number);
}

/**
 * Once per heartbeat.
 */
export interface ShardHealthMessage {
  'residentBytes': (number);
  'receivedBytes': (number);
  'sentBytes': (number);
  'queuedPushes': (number);
}
