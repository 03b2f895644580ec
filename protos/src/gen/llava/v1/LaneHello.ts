// Original file: llava/v1/lane.proto

import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from '../../llava/v1/Member.js';

export interface LaneHelloInput {
  /**
   * Fingerprint.protocol_version.
   */
  'protocolVersion'?: (number);
  'member'?: (_llava_v1_MemberInput | null);
  /**
   * The run token, without `Bearer `; empty where the server has none.
   */
  'token'?: (string);
}

export interface LaneHelloMessage {
  /**
   * Fingerprint.protocol_version.
   */
  'protocolVersion': (number);
  'member': (_llava_v1_MemberMessage | null);
  /**
   * The run token, without `Bearer `; empty where the server has none.
   */
  'token': (string);
}
