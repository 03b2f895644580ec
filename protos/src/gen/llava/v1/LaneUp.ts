// Original file: llava/v1/lane.proto

import type { LaneHelloInput as _llava_v1_LaneHelloInput, LaneHelloMessage as _llava_v1_LaneHelloMessage } from '../../llava/v1/LaneHello.js';
import type { PushHeaderInput as _llava_v1_PushHeaderInput, PushHeaderMessage as _llava_v1_PushHeaderMessage } from '../../llava/v1/PushHeader.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from '../../llava/v1/Commit.js';
import type { PullRequestInput as _llava_v1_PullRequestInput, PullRequestMessage as _llava_v1_PullRequestMessage } from '../../llava/v1/PullRequest.js';

export interface LaneUpInput {
  'hello'?: (_llava_v1_LaneHelloInput | null);
  'push'?: (_llava_v1_PushHeaderInput | null);
  'commit'?: (_llava_v1_CommitInput | null);
  'pull'?: (_llava_v1_PullRequestInput | null);
  'message'?: "hello"|"push"|"commit"|"pull";
}

export interface LaneUpMessage {
  'hello'?: (_llava_v1_LaneHelloMessage | null);
  'push'?: (_llava_v1_PushHeaderMessage | null);
  'commit'?: (_llava_v1_CommitMessage | null);
  'pull'?: (_llava_v1_PullRequestMessage | null);
  'message'?: "hello"|"push"|"commit"|"pull";
}
