// Original file: llava/v1/parameters.proto

import type { EncodingInput as _llava_v1_EncodingInput, EncodingMessage as _llava_v1_EncodingMessage } from '../../llava/v1/Encoding.js';
import type { TensorInput as _llava_v1_TensorInput, TensorMessage as _llava_v1_TensorMessage } from '../../llava/v1/Tensor.js';
import type { Long } from '@grpc/proto-loader';

export interface PullHeaderInput {
  'stage'?: (number);
  'version'?: (number | string | Long);
  'encoding'?: (_llava_v1_EncodingInput);
  /**
   * All tensors of this shard that learn in this stage or did in an earlier one (so that they differ from the weights that workers
   * load themselves), in the order of their names (by UTF-16 code units).
   */
  'tensors'?: (_llava_v1_TensorInput)[];
  /**
   * Identifies the tensors that learn, in this stage: what a Push holds. Opaque.
   */
  'layoutDigest'?: (string);
}

export interface PullHeaderMessage {
  'stage': (number);
  'version': (number);
  'encoding': (_llava_v1_EncodingMessage);
  /**
   * All tensors of this shard that learn in this stage or did in an earlier one (so that they differ from the weights that workers
   * load themselves), in the order of their names (by UTF-16 code units).
   */
  'tensors': (_llava_v1_TensorMessage)[];
  /**
   * Identifies the tensors that learn, in this stage: what a Push holds. Opaque.
   */
  'layoutDigest': (string);
}
