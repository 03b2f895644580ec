// Original file: llava/v1/coordinator.proto


export interface WelcomeInput {
  /**
   * The stage that is being trained.
   */
  'stage'?: (number);
}

export interface WelcomeMessage {
  /**
   * The stage that is being trained.
   */
  'stage': (number);
}
