// Original file: llava/v1/lane.proto


export interface LaneErrorInput {
  /**
   * The number of a gRPC status, with the meaning that it has in common.proto.
   */
  'code'?: (number);
  'message'?: (string);
}

export interface LaneErrorMessage {
  /**
   * The number of a gRPC status, with the meaning that it has in common.proto.
   */
  'code': (number);
  'message': (string);
}
