// Original file: llava/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

// Original file: llava/v1/coordinator.proto

/**
 * What the worker is doing, for people.
 */
export const _llava_v1_Heartbeat_Phase = {
  PHASE_UNSPECIFIED: 'PHASE_UNSPECIFIED',
  PHASE_WAITING: 'PHASE_WAITING',
  PHASE_LOADING: 'PHASE_LOADING',
  PHASE_PULLING: 'PHASE_PULLING',
  PHASE_COMPUTING: 'PHASE_COMPUTING',
  PHASE_PUSHING: 'PHASE_PUSHING',
} as const;

/**
 * What the worker is doing, for people.
 */
export type _llava_v1_Heartbeat_PhaseInput =
  | 'PHASE_UNSPECIFIED'
  | 0
  | 'PHASE_WAITING'
  | 1
  | 'PHASE_LOADING'
  | 2
  | 'PHASE_PULLING'
  | 3
  | 'PHASE_COMPUTING'
  | 4
  | 'PHASE_PUSHING'
  | 5

/**
 * What the worker is doing, for people.
 */
export type _llava_v1_Heartbeat_PhaseMessage = typeof _llava_v1_Heartbeat_Phase[keyof typeof _llava_v1_Heartbeat_Phase]

export interface HeartbeatInput {
  /**
   * Counts up from 1 in each session.
   */
  'sequence'?: (number | string | Long);
  'phase'?: (_llava_v1_Heartbeat_PhaseInput);
  /**
   * Resident memory of the worker process.
   */
  'residentBytes'?: (number | string | Long);
  /**
   * What computes, for people, e.g. `cpu, 2 threads`. At most 256 characters.
   */
  'device'?: (string);
  /**
   * The last thing that went wrong, one line, at most 256 characters.
   */
  'lastError'?: (string);
}

export interface HeartbeatMessage {
  /**
   * Counts up from 1 in each session.
   */
  'sequence': (number);
  'phase': (_llava_v1_Heartbeat_PhaseMessage);
  /**
   * Resident memory of the worker process.
   */
  'residentBytes': (number);
  /**
   * What computes, for people, e.g. `cpu, 2 threads`. At most 256 characters.
   */
  'device': (string);
  /**
   * The last thing that went wrong, one line, at most 256 characters.
   */
  'lastError': (string);
}
