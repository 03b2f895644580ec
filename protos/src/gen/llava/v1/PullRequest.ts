// Original file: llava/v1/parameters.proto

import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from '../../llava/v1/Member.js';
import type { EncodingInput as _llava_v1_EncodingInput, EncodingMessage as _llava_v1_EncodingMessage } from '../../llava/v1/Encoding.js';
import type { Long } from '@grpc/proto-loader';

export interface PullRequestInput {
  'member'?: (_llava_v1_MemberInput | null);
  'stage'?: (number);
  'version'?: (number | string | Long);
  /**
   * The version of this stage that the caller already has. Tensors that did not change since are left out of the payload.
   */
  'haveVersion'?: (number | string | Long);
  'encoding'?: (_llava_v1_EncodingInput);
  '_haveVersion'?: "haveVersion";
}

export interface PullRequestMessage {
  'member': (_llava_v1_MemberMessage | null);
  'stage': (number);
  'version': (number);
  /**
   * The version of this stage that the caller already has. Tensors that did not change since are left out of the payload.
   */
  'haveVersion'?: (number);
  'encoding': (_llava_v1_EncodingMessage);
  '_haveVersion'?: "haveVersion";
}
