// Original file: llava/v1/status.proto


export interface WatchStatusRequestInput {
  /**
   * 100 to 60000; 0 means 1000.
   */
  'intervalMs'?: (number);
}

export interface WatchStatusRequestMessage {
  /**
   * 100 to 60000; 0 means 1000.
   */
  'intervalMs': (number);
}
