// Original file: llava/v1/shard.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Names the run and where it stands.
 */
export interface AttachInput {
  'runId'?: (string);
  'generation'?: (number | string | Long);
  'configDigest'?: (string);
  'index'?: (number);
  'shards'?: (number);
  /**
   * Version of the rule by which tensors are spread over shards.
   */
  'partitionVersion'?: (number);
  'stage'?: (number);
  'step'?: (number);
  /**
   * Snapshot below the run's output folder to load; empty: the initial parameters. Ignored by a shard that has attached to this generation
   * before and still has its memory.
   */
  'snapshot'?: (string);
  'chunkBytes'?: (number);
}

/**
 * Names the run and where it stands.
 */
export interface AttachMessage {
  'runId': (string);
  'generation': (number);
  'configDigest': (string);
  'index': (number);
  'shards': (number);
  /**
   * Version of the rule by which tensors are spread over shards.
   */
  'partitionVersion': (number);
  'stage': (number);
  'step': (number);
  /**
   * Snapshot below the run's output folder to load; empty: the initial parameters. Ignored by a shard that has attached to this generation
   * before and still has its memory.
   */
  'snapshot': (string);
  'chunkBytes': (number);
}
