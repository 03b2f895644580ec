// Original file: llava/v1/coordinator.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';
import type { Long } from '@grpc/proto-loader';

/**
 * Work: the samples at positions [first, first + count) of the stage's order, at parameters `version`.
 */
export interface GrantInput {
  'lease'?: (_llava_v1_LeaseIdInput | null);
  'version'?: (number | string | Long);
  'first'?: (number | string | Long);
  'count'?: (number);
  /**
   * The Push must be committed at every shard within this time; later the lease may be granted to another worker.
   */
  'timeoutMs'?: (number);
}

/**
 * Work: the samples at positions [first, first + count) of the stage's order, at parameters `version`.
 */
export interface GrantMessage {
  'lease': (_llava_v1_LeaseIdMessage | null);
  'version': (number);
  'first': (number);
  'count': (number);
  /**
   * The Push must be committed at every shard within this time; later the lease may be granted to another worker.
   */
  'timeoutMs': (number);
}
