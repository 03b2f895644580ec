// Original file: llava/v1/shard.proto


/**
 * The run is over: the shard ends.
 */
export interface FinishInput {
  'reason'?: (string);
}

/**
 * The run is over: the shard ends.
 */
export interface FinishMessage {
  'reason': (string);
}
