// Original file: llava/v1/control.proto


/**
 * `run_id` must name the run; empty means whichever runs there.
 */
export interface PauseRequestInput {
  'runId'?: (string);
}

/**
 * `run_id` must name the run; empty means whichever runs there.
 */
export interface PauseRequestMessage {
  'runId': (string);
}
