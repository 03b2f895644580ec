// Original file: llava/v1/shard.proto


/**
 * Writes this shard's part of a snapshot of the last applied step into an existing folder, durably.
 */
export interface SaveInput {
  /**
   * Below the run's output folder; without `..`.
   */
  'folder'?: (string);
}

/**
 * Writes this shard's part of a snapshot of the last applied step into an existing folder, durably.
 */
export interface SaveMessage {
  /**
   * Below the run's output folder; without `..`.
   */
  'folder': (string);
}
