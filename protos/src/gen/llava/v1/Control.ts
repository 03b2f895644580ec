// Original file: llava/v1/control.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ControlReplyInput as _llava_v1_ControlReplyInput, ControlReplyMessage as _llava_v1_ControlReplyMessage } from '../../llava/v1/ControlReply.js';
import type { PauseRequestInput as _llava_v1_PauseRequestInput, PauseRequestMessage as _llava_v1_PauseRequestMessage } from '../../llava/v1/PauseRequest.js';
import type { ResumeRequestInput as _llava_v1_ResumeRequestInput, ResumeRequestMessage as _llava_v1_ResumeRequestMessage } from '../../llava/v1/ResumeRequest.js';
import type { SnapshotRequestInput as _llava_v1_SnapshotRequestInput, SnapshotRequestMessage as _llava_v1_SnapshotRequestMessage } from '../../llava/v1/SnapshotRequest.js';
import type { StopRequestInput as _llava_v1_StopRequestInput, StopRequestMessage as _llava_v1_StopRequestMessage } from '../../llava/v1/StopRequest.js';

export interface ControlClient extends grpc.Client {
  /**
   * Grants no more leases; those that are out come in. Repeating is harmless, as for all calls here.
   */
  Pause(argument: _llava_v1_PauseRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Pause(argument: _llava_v1_PauseRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Pause(argument: _llava_v1_PauseRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Pause(argument: _llava_v1_PauseRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  /**
   * Grants no more leases; those that are out come in. Repeating is harmless, as for all calls here.
   */
  pause(argument: _llava_v1_PauseRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  pause(argument: _llava_v1_PauseRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  pause(argument: _llava_v1_PauseRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  pause(argument: _llava_v1_PauseRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  
  Resume(argument: _llava_v1_ResumeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Resume(argument: _llava_v1_ResumeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Resume(argument: _llava_v1_ResumeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Resume(argument: _llava_v1_ResumeRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  resume(argument: _llava_v1_ResumeRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  resume(argument: _llava_v1_ResumeRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  resume(argument: _llava_v1_ResumeRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  resume(argument: _llava_v1_ResumeRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  
  /**
   * Returns when the snapshot of the last applied step is safe on disk.
   */
  Snapshot(argument: _llava_v1_SnapshotRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Snapshot(argument: _llava_v1_SnapshotRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Snapshot(argument: _llava_v1_SnapshotRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Snapshot(argument: _llava_v1_SnapshotRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  /**
   * Returns when the snapshot of the last applied step is safe on disk.
   */
  snapshot(argument: _llava_v1_SnapshotRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  snapshot(argument: _llava_v1_SnapshotRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  snapshot(argument: _llava_v1_SnapshotRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  snapshot(argument: _llava_v1_SnapshotRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  
  /**
   * Drains the workers, takes a snapshot, ends the server.
   */
  Stop(argument: _llava_v1_StopRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Stop(argument: _llava_v1_StopRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Stop(argument: _llava_v1_StopRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  Stop(argument: _llava_v1_StopRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  /**
   * Drains the workers, takes a snapshot, ends the server.
   */
  stop(argument: _llava_v1_StopRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  stop(argument: _llava_v1_StopRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  stop(argument: _llava_v1_StopRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  stop(argument: _llava_v1_StopRequestInput, callback: grpc.requestCallback<_llava_v1_ControlReplyMessage>): grpc.ClientUnaryCall;
  
}

export interface ControlHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Grants no more leases; those that are out come in. Repeating is harmless, as for all calls here.
   */
  Pause: grpc.handleUnaryCall<_llava_v1_PauseRequestMessage, _llava_v1_ControlReplyInput>;
  
  Resume: grpc.handleUnaryCall<_llava_v1_ResumeRequestMessage, _llava_v1_ControlReplyInput>;
  
  /**
   * Returns when the snapshot of the last applied step is safe on disk.
   */
  Snapshot: grpc.handleUnaryCall<_llava_v1_SnapshotRequestMessage, _llava_v1_ControlReplyInput>;
  
  /**
   * Drains the workers, takes a snapshot, ends the server.
   */
  Stop: grpc.handleUnaryCall<_llava_v1_StopRequestMessage, _llava_v1_ControlReplyInput>;
  
}

export interface ControlDefinition extends grpc.ServiceDefinition {
  Pause: MethodDefinition<_llava_v1_PauseRequestInput, _llava_v1_ControlReplyInput, _llava_v1_PauseRequestMessage, _llava_v1_ControlReplyMessage>
  Resume: MethodDefinition<_llava_v1_ResumeRequestInput, _llava_v1_ControlReplyInput, _llava_v1_ResumeRequestMessage, _llava_v1_ControlReplyMessage>
  Snapshot: MethodDefinition<_llava_v1_SnapshotRequestInput, _llava_v1_ControlReplyInput, _llava_v1_SnapshotRequestMessage, _llava_v1_ControlReplyMessage>
  Stop: MethodDefinition<_llava_v1_StopRequestInput, _llava_v1_ControlReplyInput, _llava_v1_StopRequestMessage, _llava_v1_ControlReplyMessage>
}
