// Original file: llava/v1/coordinator.proto

import type { FingerprintInput as _llava_v1_FingerprintInput, FingerprintMessage as _llava_v1_FingerprintMessage } from '../../llava/v1/Fingerprint.js';

export interface JoinRequestInput {
  /**
   * For people: shown in status and logs. 1 to 64 letters, digits, `.`, `_`, `-`. Unique among living workers.
   */
  'worker'?: (string);
  'incarnation'?: (string);
  'fingerprint'?: (_llava_v1_FingerprintInput | null);
}

export interface JoinRequestMessage {
  /**
   * For people: shown in status and logs. 1 to 64 letters, digits, `.`, `_`, `-`. Unique among living workers.
   */
  'worker': (string);
  'incarnation': (string);
  'fingerprint': (_llava_v1_FingerprintMessage | null);
}
