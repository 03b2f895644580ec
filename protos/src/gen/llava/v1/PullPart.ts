// Original file: llava/v1/parameters.proto

import type { PullHeaderInput as _llava_v1_PullHeaderInput, PullHeaderMessage as _llava_v1_PullHeaderMessage } from '../../llava/v1/PullHeader.js';
import type { ChunkInput as _llava_v1_ChunkInput, ChunkMessage as _llava_v1_ChunkMessage } from '../../llava/v1/Chunk.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from '../../llava/v1/Commit.js';

export interface PullPartInput {
  'header'?: (_llava_v1_PullHeaderInput | null);
  'chunk'?: (_llava_v1_ChunkInput | null);
  'end'?: (_llava_v1_CommitInput | null);
  'part'?: "header"|"chunk"|"end";
}

export interface PullPartMessage {
  'header'?: (_llava_v1_PullHeaderMessage | null);
  'chunk'?: (_llava_v1_ChunkMessage | null);
  'end'?: (_llava_v1_CommitMessage | null);
  'part'?: "header"|"chunk"|"end";
}
