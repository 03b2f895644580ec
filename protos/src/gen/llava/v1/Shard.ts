// Original file: llava/v1/coordinator.proto


export interface ShardInput {
  'index'?: (number);
  /**
   * host:port; empty: the address that Join was sent to.
   */
  'address'?: (string);
  /**
   * Where the shard has a lane (lane.proto): `:port` on the host of `address`, `host:port`, or `unix:/path`. Empty: it has none.
   */
  'laneAddress'?: (string);
}

export interface ShardMessage {
  'index': (number);
  /**
   * host:port; empty: the address that Join was sent to.
   */
  'address': (string);
  /**
   * Where the shard has a lane (lane.proto): `:port` on the host of `address`, `host:port`, or `unix:/path`. Empty: it has none.
   */
  'laneAddress': (string);
}
