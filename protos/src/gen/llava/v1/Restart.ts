// Original file: llava/v1/shard.proto


/**
 * Drops what was added of the step in work; the leases named count as added, with a gradient of zero.
 */
export interface RestartInput {
  'stage'?: (number);
  'step'?: (number);
  'skipped'?: (number)[];
}

/**
 * Drops what was added of the step in work; the leases named count as added, with a gradient of zero.
 */
export interface RestartMessage {
  'stage': (number);
  'step': (number);
  'skipped': (number)[];
}
