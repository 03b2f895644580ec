// Original file: llava/v1/coordinator.proto


/**
 * This worker shall finish what it has and leave; the run goes on without it, or stops.
 */
export interface DrainInput {
  'reason'?: (string);
}

/**
 * This worker shall finish what it has and leave; the run goes on without it, or stops.
 */
export interface DrainMessage {
  'reason': (string);
}
