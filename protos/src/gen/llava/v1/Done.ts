// Original file: llava/v1/coordinator.proto


/**
 * The run is complete.
 */
export interface DoneInput {
  'reason'?: (string);
}

/**
 * The run is complete.
 */
export interface DoneMessage {
  'reason': (string);
}
