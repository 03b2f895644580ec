// Original file: llava/v1/control.proto


export interface StopRequestInput {
  'runId'?: (string);
  /**
   * For the log and the workers.
   */
  'reason'?: (string);
}

export interface StopRequestMessage {
  'runId': (string);
  /**
   * For the log and the workers.
   */
  'reason': (string);
}
