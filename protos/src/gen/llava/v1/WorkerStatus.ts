// Original file: llava/v1/status.proto

import type { _llava_v1_Heartbeat_PhaseInput, _llava_v1_Heartbeat_PhaseMessage } from '../../llava/v1/Heartbeat.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from '../../llava/v1/LeaseId.js';
import type { Long } from '@grpc/proto-loader';

export interface WorkerStatusInput {
  'worker'?: (string);
  'incarnation'?: (string);
  'phase'?: (_llava_v1_Heartbeat_PhaseInput);
  'heartbeatAgeMs'?: (number);
  'leases'?: (_llava_v1_LeaseIdInput)[];
  'deliveredLeases'?: (number);
  'residentBytes'?: (number | string | Long);
  /**
   * What computes, as the worker says it.
   */
  'device'?: (string);
  /**
   * Over the worker's last leases, tokens with and without label.
   */
  'tokensPerSecond'?: (number | string);
  /**
   * Share of its time, from 0 to 1, in which the worker had nothing to compute, over its last leases.
   */
  'waitingShare'?: (number | string);
  /**
   * How often a process of this name has joined before, in this start of the server.
   */
  'restarts'?: (number);
  /**
   * One line; empty when nothing went wrong.
   */
  'lastError'?: (string);
  /**
   * False while its session is broken and it may come back.
   */
  'connected'?: (boolean);
  /**
   * Milliseconds of its last lease by name: data, pull, compute, push, wait.
   */
  'timingsMs'?: ({[key: string]: number | string});
  'joinedUnixMs'?: (number | string | Long);
}

export interface WorkerStatusMessage {
  'worker': (string);
  'incarnation': (string);
  'phase': (_llava_v1_Heartbeat_PhaseMessage);
  'heartbeatAgeMs': (number);
  'leases': (_llava_v1_LeaseIdMessage)[];
  'deliveredLeases': (number);
  'residentBytes': (number);
  /**
   * What computes, as the worker says it.
   */
  'device': (string);
  /**
   * Over the worker's last leases, tokens with and without label.
   */
  'tokensPerSecond': (number);
  /**
   * Share of its time, from 0 to 1, in which the worker had nothing to compute, over its last leases.
   */
  'waitingShare': (number);
  /**
   * How often a process of this name has joined before, in this start of the server.
   */
  'restarts': (number);
  /**
   * One line; empty when nothing went wrong.
   */
  'lastError': (string);
  /**
   * False while its session is broken and it may come back.
   */
  'connected': (boolean);
  /**
   * Milliseconds of its last lease by name: data, pull, compute, push, wait.
   */
  'timingsMs': ({[key: string]: number});
  'joinedUnixMs': (number);
}
