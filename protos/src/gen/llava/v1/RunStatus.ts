// Original file: llava/v1/status.proto

import type { WorkerStatusInput as _llava_v1_WorkerStatusInput, WorkerStatusMessage as _llava_v1_WorkerStatusMessage } from '../../llava/v1/WorkerStatus.js';
import type { StepStatusInput as _llava_v1_StepStatusInput, StepStatusMessage as _llava_v1_StepStatusMessage } from '../../llava/v1/StepStatus.js';
import type { SnapshotStatusInput as _llava_v1_SnapshotStatusInput, SnapshotStatusMessage as _llava_v1_SnapshotStatusMessage } from '../../llava/v1/SnapshotStatus.js';
import type { ShardStatusInput as _llava_v1_ShardStatusInput, ShardStatusMessage as _llava_v1_ShardStatusMessage } from '../../llava/v1/ShardStatus.js';
import type { DataStatusInput as _llava_v1_DataStatusInput, DataStatusMessage as _llava_v1_DataStatusMessage } from '../../llava/v1/DataStatus.js';
import type { RunEventInput as _llava_v1_RunEventInput, RunEventMessage as _llava_v1_RunEventMessage } from '../../llava/v1/RunEvent.js';
import type { Long } from '@grpc/proto-loader';

// Original file: llava/v1/status.proto

export const _llava_v1_RunStatus_State = {
  STATE_UNSPECIFIED: 'STATE_UNSPECIFIED',
  /**
   * Fewer workers than the run needs, or a shard is not there: see waiting_for.
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
   * Fewer workers than the run needs, or a shard is not there: see waiting_for.
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
  /**
   * By index; the first one is in the coordinator's process.
   */
  'shards'?: (_llava_v1_ShardStatusInput)[];
  'data'?: (_llava_v1_DataStatusInput | null);
  /**
   * The newest events, oldest first, at most 100.
   */
  'events'?: (_llava_v1_RunEventInput)[];
  /**
   * Why nothing goes on, one line, e.g. `1 of 2 workers`; empty while something does.
   */
  'waitingFor'?: (string);
  /**
   * Leases are granted from so many workers on.
   */
  'minWorkers'?: (number);
  /**
   * Milliseconds since 1970, of this start of the server.
   */
  'startedUnixMs'?: (number | string | Long);
  /**
   * Time that is left for all stages, from the last steps' durations; absent before there is one.
   */
  'remainingMs'?: (number | string);
  /**
   * Name of the configuration's preset.
   */
  'preset'?: (string);
  /**
   * Of all workers, over the last steps: tokens with and without label.
   */
  'tokensPerSecond'?: (number | string);
  /**
   * Steps of every stage, by stage.
   */
  'stageSteps'?: (number)[];
  'stageNames'?: (string)[];
  '_remainingMs'?: "remainingMs";
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
  /**
   * By index; the first one is in the coordinator's process.
   */
  'shards': (_llava_v1_ShardStatusMessage)[];
  'data': (_llava_v1_DataStatusMessage | null);
  /**
   * The newest events, oldest first, at most 100.
   */
  'events': (_llava_v1_RunEventMessage)[];
  /**
   * Why nothing goes on, one line, e.g. `1 of 2 workers`; empty while something does.
   */
  'waitingFor': (string);
  /**
   * Leases are granted from so many workers on.
   */
  'minWorkers': (number);
  /**
   * Milliseconds since 1970, of this start of the server.
   */
  'startedUnixMs': (number);
  /**
   * Time that is left for all stages, from the last steps' durations; absent before there is one.
   */
  'remainingMs'?: (number);
  /**
   * Name of the configuration's preset.
   */
  'preset': (string);
  /**
   * Of all workers, over the last steps: tokens with and without label.
   */
  'tokensPerSecond': (number);
  /**
   * Steps of every stage, by stage.
   */
  'stageSteps': (number)[];
  'stageNames': (string)[];
  '_remainingMs'?: "remainingMs";
}
