// Original file: llava/v1/coordinator.proto


export interface ShardInput {
  'index'?: (number);
  /**
   * host:port; empty: the address that Join was sent to.
   */
  'address'?: (string);
}

export interface ShardMessage {
  'index': (number);
  /**
   * host:port; empty: the address that Join was sent to.
   */
  'address': (string);
}
