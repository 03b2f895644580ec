// Original file: llava/v1/common.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Who is speaking: part of every call after Join. A message of another run is refused with FAILED_PRECONDITION;
 * one from before a restart of the server, or of a process that is no member (any more), with ABORTED.
 */
export interface MemberInput {
  'runId'?: (string);
  /**
   * Changes at every start of the server. Opaque.
   */
  'generation'?: (number | string | Long);
  /**
   * Chosen by the worker process when it starts, unique for ever (a UUID, a Kubernetes pod's uid). At most 64 characters.
   */
  'incarnation'?: (string);
}

/**
 * Who is speaking: part of every call after Join. A message of another run is refused with FAILED_PRECONDITION;
 * one from before a restart of the server, or of a process that is no member (any more), with ABORTED.
 */
export interface MemberMessage {
  'runId': (string);
  /**
   * Changes at every start of the server. Opaque.
   */
  'generation': (number);
  /**
   * Chosen by the worker process when it starts, unique for ever (a UUID, a Kubernetes pod's uid). At most 64 characters.
   */
  'incarnation': (string);
}
