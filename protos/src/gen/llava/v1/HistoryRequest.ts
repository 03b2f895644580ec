// Original file: llava/v1/status.proto


export interface HistoryRequestInput {
  /**
   * Only steps after this position, both from 0; absent: from the beginning. Give the last record that is known to go on from it.
   */
  'afterStage'?: (number);
  'afterStep'?: (number);
  /**
   * At most so many records, evenly spread, the newest always among them; 0 means all.
   */
  'most'?: (number);
  '_afterStage'?: "afterStage";
  '_afterStep'?: "afterStep";
}

export interface HistoryRequestMessage {
  /**
   * Only steps after this position, both from 0; absent: from the beginning. Give the last record that is known to go on from it.
   */
  'afterStage'?: (number);
  'afterStep'?: (number);
  /**
   * At most so many records, evenly spread, the newest always among them; 0 means all.
   */
  'most': (number);
  '_afterStage'?: "afterStage";
  '_afterStep'?: "afterStep";
}
