// Original file: llava/v1/common.proto


/**
 * A tensor of a table. A payload is the plain concatenation of the elements (row-major) of some of a table's tensors, in the table's
 * order, without padding.
 */
export interface TensorInput {
  /**
   * Dot-joined path, e.g. `decoder.blocks.0.attention.query.weight`.
   */
  'name'?: (string);
  'shape'?: (number)[];
  /**
   * Has a gradient in this stage: part of the payload of a Push.
   */
  'learns'?: (boolean);
  /**
   * The caller of Pull has it already: not part of the payload that follows.
   */
  'unchanged'?: (boolean);
}

/**
 * A tensor of a table. A payload is the plain concatenation of the elements (row-major) of some of a table's tensors, in the table's
 * order, without padding.
 */
export interface TensorMessage {
  /**
   * Dot-joined path, e.g. `decoder.blocks.0.attention.query.weight`.
   */
  'name': (string);
  'shape': (number)[];
  /**
   * Has a gradient in this stage: part of the payload of a Push.
   */
  'learns': (boolean);
  /**
   * The caller of Pull has it already: not part of the payload that follows.
   */
  'unchanged': (boolean);
}
