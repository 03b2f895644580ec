// Original file: llava/v1/common.proto


/**
 * A tensor of a table, or the rows of it that this shard holds. A payload is the plain concatenation of the elements (row-major) of some of a table's tensors, in the table's
 * order, without padding.
 */
export interface TensorInput {
  /**
   * Dot-joined path, e.g. `decoder.blocks.0.attention.query.weight`.
   */
  'name'?: (string);
  /**
   * Of what this shard holds.
   */
  'shape'?: (number)[];
  /**
   * Has a gradient in this stage: part of the payload of a Push.
   */
  'learns'?: (boolean);
  /**
   * The caller of Pull has it already: not part of the payload that follows.
   */
  'unchanged'?: (boolean);
  /**
   * A large tensor is spread over shards by rows (its first axis): this shard has shape[0] of them from this one on. The shards in
   * order of their indices hold all rows in order, each shard at most one run of them.
   */
  'firstRow'?: (number);
}

/**
 * A tensor of a table, or the rows of it that this shard holds. A payload is the plain concatenation of the elements (row-major) of some of a table's tensors, in the table's
 * order, without padding.
 */
export interface TensorMessage {
  /**
   * Dot-joined path, e.g. `decoder.blocks.0.attention.query.weight`.
   */
  'name': (string);
  /**
   * Of what this shard holds.
   */
  'shape': (number)[];
  /**
   * Has a gradient in this stage: part of the payload of a Push.
   */
  'learns': (boolean);
  /**
   * The caller of Pull has it already: not part of the payload that follows.
   */
  'unchanged': (boolean);
  /**
   * A large tensor is spread over shards by rows (its first axis): this shard has shape[0] of them from this one on. The shards in
   * order of their indices hold all rows in order, each shard at most one run of them.
   */
  'firstRow': (number);
}
