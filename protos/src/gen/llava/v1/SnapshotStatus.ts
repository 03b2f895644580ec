// Original file: llava/v1/status.proto


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
}
