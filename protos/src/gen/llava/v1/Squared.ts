// Original file: llava/v1/shard.proto

import type { TensorSquaresInput as _llava_v1_TensorSquaresInput, TensorSquaresMessage as _llava_v1_TensorSquaresMessage } from '../../llava/v1/TensorSquares.js';

export interface SquaredInput {
  /**
   * In the order of the names.
   */
  'tensors'?: (_llava_v1_TensorSquaresInput)[];
}

export interface SquaredMessage {
  /**
   * In the order of the names.
   */
  'tensors': (_llava_v1_TensorSquaresMessage)[];
}
