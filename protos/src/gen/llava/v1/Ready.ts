// Original file: llava/v1/coordinator.proto

import type { FingerprintInput as _llava_v1_FingerprintInput, FingerprintMessage as _llava_v1_FingerprintMessage } from '../../llava/v1/Fingerprint.js';

/**
 * Asks for one assignment.
 */
export interface ReadyInput {
  /**
   * Complete in the first Ready of a session: no field is empty. Later it may be absent.
   */
  'fingerprint'?: (_llava_v1_FingerprintInput | null);
  /**
   * The stage that the worker is prepared for: JoinReply.stage at first, then that of the last StageChange.
   */
  'preparedStage'?: (number);
}

/**
 * Asks for one assignment.
 */
export interface ReadyMessage {
  /**
   * Complete in the first Ready of a session: no field is empty. Later it may be absent.
   */
  'fingerprint': (_llava_v1_FingerprintMessage | null);
  /**
   * The stage that the worker is prepared for: JoinReply.stage at first, then that of the last StageChange.
   */
  'preparedStage': (number);
}
