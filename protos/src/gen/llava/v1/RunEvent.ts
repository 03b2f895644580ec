// Original file: llava/v1/status.proto

import type { Long } from '@grpc/proto-loader';

// Original file: llava/v1/status.proto

export const _llava_v1_RunEvent_Kind = {
  KIND_UNSPECIFIED: 'KIND_UNSPECIFIED',
  KIND_WORKER_JOINED: 'KIND_WORKER_JOINED',
  KIND_WORKER_LEFT: 'KIND_WORKER_LEFT',
  /**
   * Silent for too long, or its session broke.
   */
  KIND_WORKER_LOST: 'KIND_WORKER_LOST',
  KIND_LEASE_EXPIRED: 'KIND_LEASE_EXPIRED',
  /**
   * A lease was granted a second time because its holder is slow.
   */
  KIND_LEASE_BACKUP: 'KIND_LEASE_BACKUP',
  KIND_PUSH_REFUSED: 'KIND_PUSH_REFUSED',
  KIND_LEASE_FAILED: 'KIND_LEASE_FAILED',
  KIND_LEASE_SKIPPED: 'KIND_LEASE_SKIPPED',
  KIND_SNAPSHOT_WRITTEN: 'KIND_SNAPSHOT_WRITTEN',
  KIND_SNAPSHOT_FAILED: 'KIND_SNAPSHOT_FAILED',
  KIND_STAGE_STARTED: 'KIND_STAGE_STARTED',
  KIND_PAUSED: 'KIND_PAUSED',
  KIND_RESUMED: 'KIND_RESUMED',
  KIND_SHARD_CONNECTED: 'KIND_SHARD_CONNECTED',
  KIND_SHARD_LOST: 'KIND_SHARD_LOST',
  /**
   * The run went back to its last snapshot.
   */
  KIND_REWOUND: 'KIND_REWOUND',
  KIND_WAITING: 'KIND_WAITING',
  KIND_ENDED: 'KIND_ENDED',
} as const;

export type _llava_v1_RunEvent_KindInput =
  | 'KIND_UNSPECIFIED'
  | 0
  | 'KIND_WORKER_JOINED'
  | 1
  | 'KIND_WORKER_LEFT'
  | 2
  /**
   * Silent for too long, or its session broke.
   */
  | 'KIND_WORKER_LOST'
  | 3
  | 'KIND_LEASE_EXPIRED'
  | 4
  /**
   * A lease was granted a second time because its holder is slow.
   */
  | 'KIND_LEASE_BACKUP'
  | 5
  | 'KIND_PUSH_REFUSED'
  | 6
  | 'KIND_LEASE_FAILED'
  | 7
  | 'KIND_LEASE_SKIPPED'
  | 8
  | 'KIND_SNAPSHOT_WRITTEN'
  | 9
  | 'KIND_SNAPSHOT_FAILED'
  | 10
  | 'KIND_STAGE_STARTED'
  | 11
  | 'KIND_PAUSED'
  | 12
  | 'KIND_RESUMED'
  | 13
  | 'KIND_SHARD_CONNECTED'
  | 14
  | 'KIND_SHARD_LOST'
  | 15
  /**
   * The run went back to its last snapshot.
   */
  | 'KIND_REWOUND'
  | 16
  | 'KIND_WAITING'
  | 17
  | 'KIND_ENDED'
  | 18

export type _llava_v1_RunEvent_KindMessage = typeof _llava_v1_RunEvent_Kind[keyof typeof _llava_v1_RunEvent_Kind]

/**
 * Something that happened.
 */
export interface RunEventInput {
  /**
   * Counts up from 1 in each start of the server.
   */
  'sequence'?: (number | string | Long);
  'unixMs'?: (number | string | Long);
  'kind'?: (_llava_v1_RunEvent_KindInput);
  /**
   * Name of the worker, or `shard N`; empty when it is about the run.
   */
  'subject'?: (string);
  /**
   * One line: what and why.
   */
  'message'?: (string);
  /**
   * Where the run was.
   */
  'stage'?: (number);
  'step'?: (number);
}

/**
 * Something that happened.
 */
export interface RunEventMessage {
  /**
   * Counts up from 1 in each start of the server.
   */
  'sequence': (number);
  'unixMs': (number);
  'kind': (_llava_v1_RunEvent_KindMessage);
  /**
   * Name of the worker, or `shard N`; empty when it is about the run.
   */
  'subject': (string);
  /**
   * One line: what and why.
   */
  'message': (string);
  /**
   * Where the run was.
   */
  'stage': (number);
  'step': (number);
}
