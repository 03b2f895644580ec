// Original file: llava/v1/control.proto


export interface SnapshotRequestInput {
  'runId'?: (string);
}

export interface SnapshotRequestMessage {
  'runId': (string);
}
