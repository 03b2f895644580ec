// Original file: llava/v1/control.proto


export interface ResumeRequestInput {
  'runId'?: (string);
}

export interface ResumeRequestMessage {
  'runId': (string);
}
