/** One message of a conversation, in LLaVA's words. */
export interface Turn {
  readonly from: 'human' | 'gpt';
  readonly value: string;
}

/** One entry of a LLaVA JSON file: a conversation, about a picture if `image` is given. */
export interface Sample {
  readonly id: string;
  /** Path of the picture, relative to the image folder. */
  readonly image?: string;
  readonly conversations: readonly Turn[];
  /** What a question asks for (scene datasets only), so that accuracy can be reported per kind. */
  readonly kind?: string;
}

/** Stands for the picture in a turn's text. */
export const IMAGE_PLACEHOLDER = '<image>';
