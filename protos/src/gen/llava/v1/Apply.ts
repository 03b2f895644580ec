// Original file: llava/v1/shard.proto


/**
 * Applies a step; the next one is in work then.
 */
export interface ApplyInput {
  'stage'?: (number);
  'step'?: (number);
  'learningRate'?: (number | string);
  'gradientScale'?: (number | string);
  'clipScale'?: (number | string);
  'beta1'?: (number | string);
  'beta2'?: (number | string);
  'eps'?: (number | string);
  'weightDecay'?: (number | string);
  /**
   * Where the run stands afterwards.
   */
  'nextStage'?: (number);
  'nextStep'?: (number);
}

/**
 * Applies a step; the next one is in work then.
 */
export interface ApplyMessage {
  'stage': (number);
  'step': (number);
  'learningRate': (number);
  'gradientScale': (number);
  'clipScale': (number);
  'beta1': (number);
  'beta2': (number);
  'eps': (number);
  'weightDecay': (number);
  /**
   * Where the run stands afterwards.
   */
  'nextStage': (number);
  'nextStep': (number);
}
