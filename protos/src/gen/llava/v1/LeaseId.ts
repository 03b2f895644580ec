// Original file: llava/v1/common.proto


/**
 * The identity of one unit of work. Contributions are counted by it and only by it.
 */
export interface LeaseIdInput {
  'stage'?: (number);
  'step'?: (number);
  /**
   * Number of the lease in its step, from 0. Gradients are summed in this order.
   */
  'lease'?: (number);
}

/**
 * The identity of one unit of work. Contributions are counted by it and only by it.
 */
export interface LeaseIdMessage {
  'stage': (number);
  'step': (number);
  /**
   * Number of the lease in its step, from 0. Gradients are summed in this order.
   */
  'lease': (number);
}
