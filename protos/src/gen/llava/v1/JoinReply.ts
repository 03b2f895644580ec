// Original file: llava/v1/coordinator.proto

import type { ShardInput as _llava_v1_ShardInput, ShardMessage as _llava_v1_ShardMessage } from '../../llava/v1/Shard.js';
import type { Long } from '@grpc/proto-loader';

export interface JoinReplyInput {
  'runId'?: (string);
  'generation'?: (number | string | Long);
  /**
   * The resolved run configuration (recipes' RunConfig), JSON with sorted keys.
   */
  'configJson'?: (string);
  'configDigest'?: (string);
  /**
   * The stage that is being trained, from 0.
   */
  'stage'?: (number);
  /**
   * Where the learning parameters are. Push and Pull go to every shard, each holding its own tensors.
   */
  'shards'?: (_llava_v1_ShardInput)[];
  'heartbeatMs'?: (number);
  'heartbeatTimeoutMs'?: (number);
  /**
   * Preferred and largest size of Chunk.data.
   */
  'chunkBytes'?: (number);
  'maxChunkBytes'?: (number);
}

export interface JoinReplyMessage {
  'runId': (string);
  'generation': (number);
  /**
   * The resolved run configuration (recipes' RunConfig), JSON with sorted keys.
   */
  'configJson': (string);
  'configDigest': (string);
  /**
   * The stage that is being trained, from 0.
   */
  'stage': (number);
  /**
   * Where the learning parameters are. Push and Pull go to every shard, each holding its own tensors.
   */
  'shards': (_llava_v1_ShardMessage)[];
  'heartbeatMs': (number);
  'heartbeatTimeoutMs': (number);
  /**
   * Preferred and largest size of Chunk.data.
   */
  'chunkBytes': (number);
  'maxChunkBytes': (number);
}
