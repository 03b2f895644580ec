// Original file: llava/v1/shard.proto

import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

export interface LeaseAddedInput {
  'lease'?: (_llava_v1_LeaseIdInput | null);
}

export interface LeaseAddedMessage {
  'lease': (_llava_v1_LeaseIdMessage | null);
}
