// Original file: llava/v1/assistant.proto


// Original file: llava/v1/assistant.proto

export const _llava_v1_ChatTurn_Role = {
  ROLE_UNSPECIFIED: 'ROLE_UNSPECIFIED',
  ROLE_USER: 'ROLE_USER',
  ROLE_ASSISTANT: 'ROLE_ASSISTANT',
} as const;

export type _llava_v1_ChatTurn_RoleInput =
  | 'ROLE_UNSPECIFIED'
  | 0
  | 'ROLE_USER'
  | 1
  | 'ROLE_ASSISTANT'
  | 2

export type _llava_v1_ChatTurn_RoleMessage = typeof _llava_v1_ChatTurn_Role[keyof typeof _llava_v1_ChatTurn_Role]

export interface ChatTurnInput {
  'role'?: (_llava_v1_ChatTurn_RoleInput);
  'text'?: (string);
  /**
   * Whole picture files (PNG, JPEG, WebP or GIF), of a user's turn; they come before its text.
   */
  'pictures'?: (Buffer | Uint8Array | string)[];
}

export interface ChatTurnMessage {
  'role': (_llava_v1_ChatTurn_RoleMessage);
  'text': (string);
  /**
   * Whole picture files (PNG, JPEG, WebP or GIF), of a user's turn; they come before its text.
   */
  'pictures': (Buffer)[];
}
