// Original file: llava/v1/coordinator.proto

import type { SessionHelloInput as _llava_v1_SessionHelloInput, SessionHelloMessage as _llava_v1_SessionHelloMessage } from '../../llava/v1/SessionHello.js';
import type { HeartbeatInput as _llava_v1_HeartbeatInput, HeartbeatMessage as _llava_v1_HeartbeatMessage } from '../../llava/v1/Heartbeat.js';
import type { ReadyInput as _llava_v1_ReadyInput, ReadyMessage as _llava_v1_ReadyMessage } from '../../llava/v1/Ready.js';
import type { ReleaseInput as _llava_v1_ReleaseInput, ReleaseMessage as _llava_v1_ReleaseMessage } from '../../llava/v1/Release.js';
import type { LeaveInput as _llava_v1_LeaveInput, LeaveMessage as _llava_v1_LeaveMessage } from '../../llava/v1/Leave.js';

export interface SessionUpInput {
  'hello'?: (_llava_v1_SessionHelloInput | null);
  'heartbeat'?: (_llava_v1_HeartbeatInput | null);
  'ready'?: (_llava_v1_ReadyInput | null);
  'release'?: (_llava_v1_ReleaseInput | null);
  'leave'?: (_llava_v1_LeaveInput | null);
  'message'?: "hello"|"heartbeat"|"ready"|"release"|"leave";
}

export interface SessionUpMessage {
  'hello'?: (_llava_v1_SessionHelloMessage | null);
  'heartbeat'?: (_llava_v1_HeartbeatMessage | null);
  'ready'?: (_llava_v1_ReadyMessage | null);
  'release'?: (_llava_v1_ReleaseMessage | null);
  'leave'?: (_llava_v1_LeaveMessage | null);
  'message'?: "hello"|"heartbeat"|"ready"|"release"|"leave";
}
