// Original file: llava/v1/shard.proto

import type { SnapshotFileInput as _llava_v1_SnapshotFileInput, SnapshotFileMessage as _llava_v1_SnapshotFileMessage } from '../../llava/v1/SnapshotFile.js';

export interface SavedInput {
  'files'?: (_llava_v1_SnapshotFileInput)[];
  'durationMs'?: (number | string);
}

export interface SavedMessage {
  'files': (_llava_v1_SnapshotFileMessage)[];
  'durationMs': (number);
}
