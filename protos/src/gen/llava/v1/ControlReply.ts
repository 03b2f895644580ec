// Original file: llava/v1/control.proto


export interface ControlReplyInput {
  /**
   * What was done, one line.
   */
  'message'?: (string);
}

export interface ControlReplyMessage {
  /**
   * What was done, one line.
   */
  'message': (string);
}
