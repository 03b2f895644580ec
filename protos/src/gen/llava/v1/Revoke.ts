// Original file: llava/v1/shard.proto


/**
 * Nothing of this worker is taken any more.
 */
export interface RevokeInput {
  'incarnation'?: (string);
}

/**
 * Nothing of this worker is taken any more.
 */
export interface RevokeMessage {
  'incarnation': (string);
}
