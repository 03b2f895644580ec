// Original file: llava/v1/parameters.proto

import type { PushHeaderInput as _llava_v1_PushHeaderInput, PushHeaderMessage as _llava_v1_PushHeaderMessage } from '../../llava/v1/PushHeader.js';
import type { ChunkInput as _llava_v1_ChunkInput, ChunkMessage as _llava_v1_ChunkMessage } from '../../llava/v1/Chunk.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from '../../llava/v1/Commit.js';

export interface PushPartInput {
  'header'?: (_llava_v1_PushHeaderInput | null);
  'chunk'?: (_llava_v1_ChunkInput | null);
  'commit'?: (_llava_v1_CommitInput | null);
  'part'?: "header"|"chunk"|"commit";
}

export interface PushPartMessage {
  'header'?: (_llava_v1_PushHeaderMessage | null);
  'chunk'?: (_llava_v1_ChunkMessage | null);
  'commit'?: (_llava_v1_CommitMessage | null);
  'part'?: "header"|"chunk"|"commit";
}
