// Original file: llava/v1/shard.proto


export interface AppliedInput {
  'durationMs'?: (number | string);
}

export interface AppliedMessage {
  'durationMs': (number);
}
