// Original file: llava/v1/lane.proto

import type { PushReplyInput as _llava_v1_PushReplyInput, PushReplyMessage as _llava_v1_PushReplyMessage } from '../../llava/v1/PushReply.js';
import type { PullHeaderInput as _llava_v1_PullHeaderInput, PullHeaderMessage as _llava_v1_PullHeaderMessage } from '../../llava/v1/PullHeader.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from '../../llava/v1/Commit.js';
import type { LaneErrorInput as _llava_v1_LaneErrorInput, LaneErrorMessage as _llava_v1_LaneErrorMessage } from '../../llava/v1/LaneError.js';

export interface LaneDownInput {
  'pushed'?: (_llava_v1_PushReplyInput | null);
  'header'?: (_llava_v1_PullHeaderInput | null);
  'end'?: (_llava_v1_CommitInput | null);
  'error'?: (_llava_v1_LaneErrorInput | null);
  'message'?: "pushed"|"header"|"end"|"error";
}

export interface LaneDownMessage {
  'pushed'?: (_llava_v1_PushReplyMessage | null);
  'header'?: (_llava_v1_PullHeaderMessage | null);
  'end'?: (_llava_v1_CommitMessage | null);
  'error'?: (_llava_v1_LaneErrorMessage | null);
  'message'?: "pushed"|"header"|"end"|"error";
}
