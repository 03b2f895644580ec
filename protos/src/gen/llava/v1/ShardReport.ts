// Original file: llava/v1/shard.proto

import type { AttachedInput as _llava_v1_AttachedInput, AttachedMessage as _llava_v1_AttachedMessage } from '../../llava/v1/Attached.js';
import type { SquaredInput as _llava_v1_SquaredInput, SquaredMessage as _llava_v1_SquaredMessage } from '../../llava/v1/Squared.js';
import type { AppliedInput as _llava_v1_AppliedInput, AppliedMessage as _llava_v1_AppliedMessage } from '../../llava/v1/Applied.js';
import type { SavedInput as _llava_v1_SavedInput, SavedMessage as _llava_v1_SavedMessage } from '../../llava/v1/Saved.js';
import type { LeaseAddedInput as _llava_v1_LeaseAddedInput, LeaseAddedMessage as _llava_v1_LeaseAddedMessage } from '../../llava/v1/LeaseAdded.js';
import type { PushRefusedInput as _llava_v1_PushRefusedInput, PushRefusedMessage as _llava_v1_PushRefusedMessage } from '../../llava/v1/PushRefused.js';
import type { ShardHealthInput as _llava_v1_ShardHealthInput, ShardHealthMessage as _llava_v1_ShardHealthMessage } from '../../llava/v1/ShardHealth.js';
import type { Long } from '@grpc/proto-loader';

export interface ShardReportInput {
  /**
   * Of the command that this answers; 0 for what comes by itself.
   */
  'id'?: (number | string | Long);
  /**
   * The command failed: one line, as in a status message; `code` is a gRPC status code.
   */
  'error'?: (string);
  'code'?: (number);
  'attached'?: (_llava_v1_AttachedInput | null);
  'squared'?: (_llava_v1_SquaredInput | null);
  'applied'?: (_llava_v1_AppliedInput | null);
  'saved'?: (_llava_v1_SavedInput | null);
  /**
   * Comes by itself.
   */
  'added'?: (_llava_v1_LeaseAddedInput | null);
  'refused'?: (_llava_v1_PushRefusedInput | null);
  'health'?: (_llava_v1_ShardHealthInput | null);
  'report'?: "attached"|"squared"|"applied"|"saved"|"added"|"refused"|"health";
}

export interface ShardReportMessage {
  /**
   * Of the command that this answers; 0 for what comes by itself.
   */
  'id': (number);
  /**
   * The command failed: one line, as in a status message; `code` is a gRPC status code.
   */
  'error': (string);
  'code': (number);
  'attached'?: (_llava_v1_AttachedMessage | null);
  'squared'?: (_llava_v1_SquaredMessage | null);
  'applied'?: (_llava_v1_AppliedMessage | null);
  'saved'?: (_llava_v1_SavedMessage | null);
  /**
   * Comes by itself.
   */
  'added'?: (_llava_v1_LeaseAddedMessage | null);
  'refused'?: (_llava_v1_PushRefusedMessage | null);
  'health'?: (_llava_v1_ShardHealthMessage | null);
  'report'?: "attached"|"squared"|"applied"|"saved"|"added"|"refused"|"health";
}
