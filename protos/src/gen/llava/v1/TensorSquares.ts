// Original file: llava/v1/shard.proto


export interface TensorSquaresInput {
  'name'?: (string);
  /**
   * Of the summed gradient: one sum per block of rows, from the shard's first row on.
   */
  'blocks'?: (number | string)[];
}

export interface TensorSquaresMessage {
  'name': (string);
  /**
   * Of the summed gradient: one sum per block of rows, from the shard's first row on.
   */
  'blocks': (number)[];
}
