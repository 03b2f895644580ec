// Original file: llava/v1/coordinator.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

/**
 * The lease is no longer wanted; a Push of it would be refused. Stopping early only saves work.
 */
export interface CancelInput {
  'lease'?: (_llava_v1_LeaseIdInput | null);
  'reason'?: (string);
}

/**
 * The lease is no longer wanted; a Push of it would be refused. Stopping early only saves work.
 */
export interface CancelMessage {
  'lease': (_llava_v1_LeaseIdMessage | null);
  'reason': (string);
}
