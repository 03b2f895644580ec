// Original file: llava/v1/coordinator.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

/**
 * Hands a lease back undone.
 */
export interface ReleaseInput {
  'lease'?: (_llava_v1_LeaseIdInput | null);
  'reason'?: (string);
  /**
   * The worker tried and could not (a sample that cannot be read, a NaN): counts against the lease, and the run stops with this
   * reason when it has happened too often.
   */
  'failed'?: (boolean);
}

/**
 * Hands a lease back undone.
 */
export interface ReleaseMessage {
  'lease': (_llava_v1_LeaseIdMessage | null);
  'reason': (string);
  /**
   * The worker tried and could not (a sample that cannot be read, a NaN): counts against the lease, and the run stops with this
   * reason when it has happened too often.
   */
  'failed': (boolean);
}
