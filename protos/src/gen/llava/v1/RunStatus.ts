// Original file: llava/v1/status.proto

import type { WorkerStatusInput as _llava_v1_WorkerStatusInput, WorkerStatusMessage as _llava_v1_WorkerStatusMessage } from '../../llava/v1/WorkerStatus.js';
import type { StepStatusInput as _llava_v1_StepStatusInput, StepStatusMessage as _llava_v1_StepStatusMessage } from '../../llava/v1/StepStatus.js';
import type { SnapshotStatusInput as _llava_v1_SnapshotStatusInput, SnapshotStatusMessage as _llava_v1_SnapshotStatusMessage } from '../../llava/v1/SnapshotStatus.js';
import type { Long } from '@grpc/proto-loader';

// Original file: llava/v1/status.proto

export const _llava_v1_RunStatus_State = {
  STATE_UNSPECIFIED: 'STATE_UNSPECIFIED',
  /**
   * No worker is there.
   */
  STATE_WAITING: 'STATE_WAITING',
  STATE_RUNNING: 'STATE_RUNNING',
  STATE_PAUSED: 'STATE_PAUSED',
  /**
   * Told to stop: no new leases; a snapshot is being taken.
   */
  STATE_STOPPING: 'STATE_STOPPING',
  STATE_DONE: 'STATE_DONE',
  STATE_FAILED: 'STATE_FAILED',
} as const;

export type _llava_v1_RunStatus_StateInput =
  | 'STATE_UNSPECIFIED'
  | 0
  /**
   * No worker is there.
   */
  | 'STATE_WAITING'
  | 1
  | 'STATE_RUNNING'
  | 2
  | 'STATE_PAUSED'
  | 3
  /**
   * Told to stop: no new leases; a snapshot is being taken.
   */
  | 'STATE_STOPPING'
  | 4
  | 'STATE_DONE'
  | 5
  | 'STATE_FAILED'
  | 6

export type _llava_v1_RunStatus_StateMessage = typeof _llava_v1_RunStatus_State[keyof typeof _llava_v1_RunStatus_State]

export interface RunStatusInput {
  'runId'?: (string);
  'generation'?: (number | string | Long);
  'state'?: (_llava_v1_RunStatus_StateInput);
  /**
   * From 0, with its name of the configuration, and how many there are.
   */
  'stage'?: (number);
  'stageName'?: (string);
  'stages'?: (number);
  /**
   * Steps applied in this stage, and how many it has.
   */
  'step'?: (number);
  'steps'?: (number);
  'workers'?: (_llava_v1_WorkerStatusInput)[];
  /**
   * Absent before the first step.
   */
  'lastStep'?: (_llava_v1_StepStatusInput | null);
  /**
   * Absent before the first snapshot.
   */
  'lastSnapshot'?: (_llava_v1_SnapshotStatusInput | null);
  'pulledBytes'?: (number | string | Long);
  'pushedBytes'?: (number | string | Long);
  /**
   * Leases that were granted again after a worker was lost or too slow.
   */
  'regrantedLeases'?: (number);
  /**
   * Pushes that were refused.
   */
  'refusedPushes'?: (number);
  /**
   * One line; empty when nothing went wrong.
   */
  'lastError'?: (string);
}

export interface RunStatusMessage {
  'runId': (string);
  'generation': (number);
  'state': (_llava_v1_RunStatus_StateMessage);
  /**
   * From 0, with its name of the configuration, and how many there are.
   */
  'stage': (number);
  'stageName': (string);
  'stages': (number);
  /**
   * Steps applied in this stage, and how many it has.
   */
  'step': (number);
  'steps': (number);
  'workers': (_llava_v1_WorkerStatusMessage)[];
  /**
   * Absent before the first step.
   */
  'lastStep': (_llava_v1_StepStatusMessage | null);
  /**
   * Absent before the first snapshot.
   */
  'lastSnapshot': (_llava_v1_SnapshotStatusMessage | null);
  'pulledBytes': (number);
  'pushedBytes': (number);
  /**
   * Leases that were granted again after a worker was lost or too slow.
   */
  'regrantedLeases': (number);
  /**
   * Pushes that were refused.
   */
  'refusedPushes': (number);
  /**
   * One line; empty when nothing went wrong.
   */
  'lastError': (string);
}
