// Original file: llava/v1/status.proto

import type { Long } from '@grpc/proto-loader';

export interface ShardStatusInput {
  'index'?: (number);
  /**
   * host:port; empty for the one in the coordinator's process.
   */
  'address'?: (string);
  'connected'?: (boolean);
  /**
   * Of the parameters that it holds.
   */
  'parameterBytes'?: (number | string | Long);
  'residentBytes'?: (number | string | Long);
  /**
   * Payload bytes since it started: gradients in, parameters out.
   */
  'receivedBytes'?: (number | string | Long);
  'sentBytes'?: (number | string | Long);
  /**
   * Of the last step: norm, clipping and AdamW.
   */
  'applyMs'?: (number | string);
  /**
   * Pushes that are being received or added.
   */
  'queuedPushes'?: (number);
  /**
   * Its part of the last snapshot; absent before there is one.
   */
  'snapshotMs'?: (number | string);
  'lastError'?: (string);
  '_snapshotMs'?: "snapshotMs";
}

export interface ShardStatusMessage {
  'index': (number);
  /**
   * host:port; empty for the one in the coordinator's process.
   */
  'address': (string);
  'connected': (boolean);
  /**
   * Of the parameters that it holds.
   */
  'parameterBytes': (number);
  'residentBytes': (number);
  /**
   * Payload bytes since it started: gradients in, parameters out.
   */
  'receivedBytes': (number);
  'sentBytes': (number);
  /**
   * Of the last step: norm, clipping and AdamW.
   */
  'applyMs': (number);
  /**
   * Pushes that are being received or added.
   */
  'queuedPushes': (number);
  /**
   * Its part of the last snapshot; absent before there is one.
   */
  'snapshotMs'?: (number);
  'lastError': (string);
  '_snapshotMs'?: "snapshotMs";
}
