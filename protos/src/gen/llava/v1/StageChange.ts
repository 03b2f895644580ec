// Original file: llava/v1/coordinator.proto


export interface StageChangeInput {
  'stage'?: (number);
}

export interface StageChangeMessage {
  'stage': (number);
}
