// Original file: llava/v1/shard.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

/**
 * This worker may push this lease, and pull its version.
 */
export interface PermitInput {
  'incarnation'?: (string);
  'worker'?: (string);
  'lease'?: (_llava_v1_LeaseIdInput | null);
}

/**
 * This worker may push this lease, and pull its version.
 */
export interface PermitMessage {
  'incarnation': (string);
  'worker': (string);
  'lease': (_llava_v1_LeaseIdMessage | null);
}
