// Original file: llava/v1/parameters.proto

import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from '../../llava/v1/Member.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';
import type { EncodingInput as _llava_v1_EncodingInput, EncodingMessage as _llava_v1_EncodingMessage } from '../../llava/v1/Encoding.js';
import type { Long } from '@grpc/proto-loader';

export interface PushHeaderInput {
  'member'?: (_llava_v1_MemberInput | null);
  'lease'?: (_llava_v1_LeaseIdInput | null);
  /**
   * The parameters that the gradients were taken at: Grant.version.
   */
  'version'?: (number | string | Long);
  'encoding'?: (_llava_v1_EncodingInput);
  /**
   * PullHeader.layout_digest.
   */
  'layoutDigest'?: (string);
  /**
   * Tokens of the lease with a label. 0 is possible, then the gradients are zero.
   */
  'labelTokens'?: (number | string | Long);
  /**
   * Sum of the loss over these tokens. The payload is the gradient of this sum: not divided by anything.
   */
  'lossSum'?: (number | string);
  /**
   * Where the time went on the worker since its Push before, in milliseconds: `data`, `pull`, `compute`, `push`, `wait`.
   * At most 16 entries.
   */
  'timingsMs'?: ({[key: string]: number | string});
  /**
   * For people: tokens of the lease without padding, and samples that were cut at the longest length.
   */
  'tokens'?: (number | string | Long);
  'truncatedSamples'?: (number);
}

export interface PushHeaderMessage {
  'member': (_llava_v1_MemberMessage | null);
  'lease': (_llava_v1_LeaseIdMessage | null);
  /**
   * The parameters that the gradients were taken at: Grant.version.
   */
  'version': (number);
  'encoding': (_llava_v1_EncodingMessage);
  /**
   * PullHeader.layout_digest.
   */
  'layoutDigest': (string);
  /**
   * Tokens of the lease with a label. 0 is possible, then the gradients are zero.
   */
  'labelTokens': (number);
  /**
   * Sum of the loss over these tokens. The payload is the gradient of this sum: not divided by anything.
   */
  'lossSum': (number);
  /**
   * Where the time went on the worker since its Push before, in milliseconds: `data`, `pull`, `compute`, `push`, `wait`.
   * At most 16 entries.
   */
  'timingsMs': ({[key: string]: number});
  /**
   * For people: tokens of the lease without padding, and samples that were cut at the longest length.
   */
  'tokens': (number);
  'truncatedSamples': (number);
}
