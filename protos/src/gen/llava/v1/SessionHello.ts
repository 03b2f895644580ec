// Original file: llava/v1/coordinator.proto

import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from '../../llava/v1/Member.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';

export interface SessionHelloInput {
  'member'?: (_llava_v1_MemberInput | null);
  /**
   * Leases that this worker still works on or whose Push it is still sending. Others that the server thinks it holds
   * are granted anew.
   */
  'holding'?: (_llava_v1_LeaseIdInput)[];
}

export interface SessionHelloMessage {
  'member': (_llava_v1_MemberMessage | null);
  /**
   * Leases that this worker still works on or whose Push it is still sending. Others that the server thinks it holds
   * are granted anew.
   */
  'holding': (_llava_v1_LeaseIdMessage)[];
}
