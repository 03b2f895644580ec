// Original file: llava/v1/shard.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

/**
 * Asks for the sums of squares of a step whose leases are all in.
 */
export interface SquaresInput {
  'step'?: (_llava_v1_LeaseIdInput | null);
}

/**
 * Asks for the sums of squares of a step whose leases are all in.
 */
export interface SquaresMessage {
  'step': (_llava_v1_LeaseIdMessage | null);
}
