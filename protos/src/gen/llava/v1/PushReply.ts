// Original file: llava/v1/parameters.proto


// Original file: llava/v1/parameters.proto

export const _llava_v1_PushReply_Outcome = {
  OUTCOME_UNSPECIFIED: 'OUTCOME_UNSPECIFIED',
  /**
   * Counted now.
   */
  OUTCOME_ACCEPTED: 'OUTCOME_ACCEPTED',
  /**
   * Was counted before; this one changed nothing.
   */
  OUTCOME_DUPLICATE: 'OUTCOME_DUPLICATE',
} as const;

export type _llava_v1_PushReply_OutcomeInput =
  | 'OUTCOME_UNSPECIFIED'
  | 0
  /**
   * Counted now.
   */
  | 'OUTCOME_ACCEPTED'
  | 1
  /**
   * Was counted before; this one changed nothing.
   */
  | 'OUTCOME_DUPLICATE'
  | 2

export type _llava_v1_PushReply_OutcomeMessage = typeof _llava_v1_PushReply_Outcome[keyof typeof _llava_v1_PushReply_Outcome]

export interface PushReplyInput {
  'outcome'?: (_llava_v1_PushReply_OutcomeInput);
}

export interface PushReplyMessage {
  'outcome': (_llava_v1_PushReply_OutcomeMessage);
}
