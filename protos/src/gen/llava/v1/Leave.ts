// Original file: llava/v1/coordinator.proto


/**
 * Ends the membership; leases still held are granted to others.
 */
export interface LeaveInput {
  'reason'?: (string);
}

/**
 * Ends the membership; leases still held are granted to others.
 */
export interface LeaveMessage {
  'reason': (string);
}
