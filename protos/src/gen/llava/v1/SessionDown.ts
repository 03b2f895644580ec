// Original file: llava/v1/coordinator.proto

import type { WelcomeInput as _llava_v1_WelcomeInput, WelcomeMessage as _llava_v1_WelcomeMessage } from '../../llava/v1/Welcome.js';
import type { GrantInput as _llava_v1_GrantInput, GrantMessage as _llava_v1_GrantMessage } from '../../llava/v1/Grant.js';
import type { StageChangeInput as _llava_v1_StageChangeInput, StageChangeMessage as _llava_v1_StageChangeMessage } from '../../llava/v1/StageChange.js';
import type { CancelInput as _llava_v1_CancelInput, CancelMessage as _llava_v1_CancelMessage } from '../../llava/v1/Cancel.js';
import type { DoneInput as _llava_v1_DoneInput, DoneMessage as _llava_v1_DoneMessage } from '../../llava/v1/Done.js';
import type { DrainInput as _llava_v1_DrainInput, DrainMessage as _llava_v1_DrainMessage } from '../../llava/v1/Drain.js';
import type { HeartbeatAckInput as _llava_v1_HeartbeatAckInput, HeartbeatAckMessage as _llava_v1_HeartbeatAckMessage } from '../../llava/v1/HeartbeatAck.js';

export interface SessionDownInput {
  'welcome'?: (_llava_v1_WelcomeInput | null);
  'grant'?: (_llava_v1_GrantInput | null);
  'stageChange'?: (_llava_v1_StageChangeInput | null);
  'cancel'?: (_llava_v1_CancelInput | null);
  'done'?: (_llava_v1_DoneInput | null);
  'drain'?: (_llava_v1_DrainInput | null);
  'heartbeatAck'?: (_llava_v1_HeartbeatAckInput | null);
  'message'?: "welcome"|"grant"|"stageChange"|"cancel"|"done"|"drain"|"heartbeatAck";
}

export interface SessionDownMessage {
  'welcome'?: (_llava_v1_WelcomeMessage | null);
  'grant'?: (_llava_v1_GrantMessage | null);
  'stageChange'?: (_llava_v1_StageChangeMessage | null);
  'cancel'?: (_llava_v1_CancelMessage | null);
  'done'?: (_llava_v1_DoneMessage | null);
  'drain'?: (_llava_v1_DrainMessage | null);
  'heartbeatAck'?: (_llava_v1_HeartbeatAckMessage | null);
  'message'?: "welcome"|"grant"|"stageChange"|"cancel"|"done"|"drain"|"heartbeatAck";
}
