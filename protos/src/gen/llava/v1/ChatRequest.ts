// Original file: llava/v1/assistant.proto

import type { ChatTurnInput as _llava_v1_ChatTurnInput, ChatTurnMessage as _llava_v1_ChatTurnMessage } from '../../llava/v1/ChatTurn.js';

export interface ChatRequestInput {
  /**
   * A dialogue that a user begins and ends.
   */
  'turns'?: (_llava_v1_ChatTurnInput)[];
  /**
   * Longest answer in tokens; 0: as long as the server allows.
   */
  'maxTokens'?: (number);
  /**
   * 0: always the likeliest token.
   */
  'temperature'?: (number | string);
  /**
   * 0: no limit.
   */
  'topP'?: (number | string);
  'topK'?: (number);
  /**
   * Absent: another one for every request.
   */
  'seed'?: (number);
  /**
   * Texts that end the answer; they are not part of it. At most 4.
   */
  'stop'?: (string)[];
  '_seed'?: "seed";
}

export interface ChatRequestMessage {
  /**
   * A dialogue that a user begins and ends.
   */
  'turns': (_llava_v1_ChatTurnMessage)[];
  /**
   * Longest answer in tokens; 0: as long as the server allows.
   */
  'maxTokens': (number);
  /**
   * 0: always the likeliest token.
   */
  'temperature': (number);
  /**
   * 0: no limit.
   */
  'topP': (number);
  'topK': (number);
  /**
   * Absent: another one for every request.
   */
  'seed'?: (number);
  /**
   * Texts that end the answer; they are not part of it. At most 4.
   */
  'stop': (string)[];
  '_seed'?: "seed";
}
