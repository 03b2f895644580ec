// Original file: llava/v1/assistant.proto


// Original file: llava/v1/assistant.proto

export const _llava_v1_ChatChunk_Finish = {
  FINISH_UNSPECIFIED: 'FINISH_UNSPECIFIED',
  /**
   * By itself, or at a stop text.
   */
  FINISH_STOP: 'FINISH_STOP',
  /**
   * At the limit of tokens.
   */
  FINISH_LENGTH: 'FINISH_LENGTH',
} as const;

export type _llava_v1_ChatChunk_FinishInput =
  | 'FINISH_UNSPECIFIED'
  | 0
  /**
   * By itself, or at a stop text.
   */
  | 'FINISH_STOP'
  | 1
  /**
   * At the limit of tokens.
   */
  | 'FINISH_LENGTH'
  | 2

export type _llava_v1_ChatChunk_FinishMessage = typeof _llava_v1_ChatChunk_Finish[keyof typeof _llava_v1_ChatChunk_Finish]

export interface ChatChunkInput {
  /**
   * A piece of the answer.
   */
  'text'?: (string);
  /**
   * Of the last chunk only.
   */
  'finish'?: (_llava_v1_ChatChunk_FinishInput);
  /**
   * Pictures included. Of the last chunk only.
   */
  'promptTokens'?: (number);
  'completionTokens'?: (number);
}

export interface ChatChunkMessage {
  /**
   * A piece of the answer.
   */
  'text': (string);
  /**
   * Of the last chunk only.
   */
  'finish': (_llava_v1_ChatChunk_FinishMessage);
  /**
   * Pictures included. Of the last chunk only.
   */
  'promptTokens': (number);
  'completionTokens': (number);
}
