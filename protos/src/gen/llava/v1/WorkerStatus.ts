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
}

export interface WorkerStatusMessage {
  'worker': (string);
  'incarnation': (string);
  'phase': (_llava_v1_Heartbeat_PhaseMessage);
  'heartbeatAgeMs': (number);
  'leases': (_llava_v1_LeaseIdMessage)[];
  'deliveredLeases': (number);
  'residentBytes': (number);
}
