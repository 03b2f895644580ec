// Original file: llava/v1/status.proto

import type { Long } from '@grpc/proto-loader';

export interface SnapshotStatusInput {
  'stage'?: (number);
  /**
   * Steps of the stage that it holds.
   */
  'step'?: (number);
  /**
   * Folder below `snapshots` of the run's output folder.
   */
  'name'?: (string);
  'writtenUnixMs'?: (number | string | Long);
  'durationMs'?: (number | string);
}

export interface SnapshotStatusMessage {
  'stage': (number);
  /**
   * Steps of the stage that it holds.
   */
  'step': (number);
  /**
   * Folder below `snapshots` of the run's output folder.
   */
  'name': (string);
  'writtenUnixMs': (number);
  'durationMs': (number);
}
