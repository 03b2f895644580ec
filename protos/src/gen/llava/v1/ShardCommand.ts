// Original file: llava/v1/shard.proto

import type { AttachInput as _llava_v1_AttachInput, AttachMessage as _llava_v1_AttachMessage } from '../../llava/v1/Attach.js';
import type { PermitInput as _llava_v1_PermitInput, PermitMessage as _llava_v1_PermitMessage } from '../../llava/v1/Permit.js';
import type { RevokeInput as _llava_v1_RevokeInput, RevokeMessage as _llava_v1_RevokeMessage } from '../../llava/v1/Revoke.js';
import type { SquaresInput as _llava_v1_SquaresInput, SquaresMessage as _llava_v1_SquaresMessage } from '../../llava/v1/Squares.js';
import type { ApplyInput as _llava_v1_ApplyInput, ApplyMessage as _llava_v1_ApplyMessage } from '../../llava/v1/Apply.js';
import type { RestartInput as _llava_v1_RestartInput, RestartMessage as _llava_v1_RestartMessage } from '../../llava/v1/Restart.js';
import type { SaveInput as _llava_v1_SaveInput, SaveMessage as _llava_v1_SaveMessage } from '../../llava/v1/Save.js';
import type { FinishInput as _llava_v1_FinishInput, FinishMessage as _llava_v1_FinishMessage } from '../../llava/v1/Finish.js';
import type { Long } from '@grpc/proto-loader';

/**
 * Commands are obeyed in order. Those with an id are answered by a report with the same id.
 */
export interface ShardCommandInput {
  'id'?: (number | string | Long);
  'attach'?: (_llava_v1_AttachInput | null);
  'permit'?: (_llava_v1_PermitInput | null);
  'revoke'?: (_llava_v1_RevokeInput | null);
  'squares'?: (_llava_v1_SquaresInput | null);
  'apply'?: (_llava_v1_ApplyInput | null);
  'restart'?: (_llava_v1_RestartInput | null);
  'save'?: (_llava_v1_SaveInput | null);
  'finish'?: (_llava_v1_FinishInput | null);
  'command'?: "attach"|"permit"|"revoke"|"squares"|"apply"|"restart"|"save"|"finish";
}

/**
 * Commands are obeyed in order. Those with an id are answered by a report with the same id.
 */
export interface ShardCommandMessage {
  'id': (number);
  'attach'?: (_llava_v1_AttachMessage | null);
  'permit'?: (_llava_v1_PermitMessage | null);
  'revoke'?: (_llava_v1_RevokeMessage | null);
  'squares'?: (_llava_v1_SquaresMessage | null);
  'apply'?: (_llava_v1_ApplyMessage | null);
  'restart'?: (_llava_v1_RestartMessage | null);
  'save'?: (_llava_v1_SaveMessage | null);
  'finish'?: (_llava_v1_FinishMessage | null);
  'command'?: "attach"|"permit"|"revoke"|"squares"|"apply"|"restart"|"save"|"finish";
}
