// Original file: llava/v1/shard.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

export interface PushRefusedInput {
  'lease'?: (_llava_v1_LeaseIdInput | null);
  'worker'?: (string);
  'reason'?: (string);
  /**
   * The gradients came over whole and cannot be used (a NaN): counts against the lease.
   */
  'unfit'?: (boolean);
  'incarnation'?: (string);
}

export interface PushRefusedMessage {
  'lease': (_llava_v1_LeaseIdMessage | null);
  'worker': (string);
  'reason': (string);
  /**
   * The gradients came over whole and cannot be used (a NaN): counts against the lease.
   */
  'unfit': (boolean);
  'incarnation': (string);
}
