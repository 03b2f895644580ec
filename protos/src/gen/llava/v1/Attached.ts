// Original file: llava/v1/shard.proto

import type { Long } from '@grpc/proto-loader';

export interface AttachedInput {
  /**
   * Changes at every start of the shard. Opaque.
   */
  'incarnation'?: (string);
  /**
   * It was attached to this generation before and goes on.
   */
  'kept'?: (boolean);
  /**
   * The step that it is at, and the leases of it that it has.
   */
  'stage'?: (number);
  'step'?: (number);
  'leases'?: (number)[];
  'parameterBytes'?: (number | string | Long);
  /**
   * As Shard.lane_address; empty for none.
   */
  'laneAddress'?: (string);
}

export interface AttachedMessage {
  /**
   * Changes at every start of the shard. Opaque.
   */
  'incarnation': (string);
  /**
   * It was attached to this generation before and goes on.
   */
  'kept': (boolean);
  /**
   * The step that it is at, and the leases of it that it has.
   */
  'stage': (number);
  'step': (number);
  'leases': (number)[];
  'parameterBytes': (number);
  /**
   * As Shard.lane_address; empty for none.
   */
  'laneAddress': (string);
}
