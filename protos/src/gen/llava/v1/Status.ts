// Original file: llava/v1/status.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetStatusRequestInput as _llava_v1_GetStatusRequestInput, GetStatusRequestMessage as _llava_v1_GetStatusRequestMessage } from '../../llava/v1/GetStatusRequest.js';
import type { HistoryRequestInput as _llava_v1_HistoryRequestInput, HistoryRequestMessage as _llava_v1_HistoryRequestMessage } from '../../llava/v1/HistoryRequest.js';
import type { RunStatusInput as _llava_v1_RunStatusInput, RunStatusMessage as _llava_v1_RunStatusMessage } from '../../llava/v1/RunStatus.js';
import type { StepStatusInput as _llava_v1_StepStatusInput, StepStatusMessage as _llava_v1_StepStatusMessage } from '../../llava/v1/StepStatus.js';
import type { WatchStatusRequestInput as _llava_v1_WatchStatusRequestInput, WatchStatusRequestMessage as _llava_v1_WatchStatusRequestMessage } from '../../llava/v1/WatchStatusRequest.js';

export interface StatusClient extends grpc.Client {
  Get(argument: _llava_v1_GetStatusRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  Get(argument: _llava_v1_GetStatusRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  Get(argument: _llava_v1_GetStatusRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  Get(argument: _llava_v1_GetStatusRequestInput, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  get(argument: _llava_v1_GetStatusRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  get(argument: _llava_v1_GetStatusRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  get(argument: _llava_v1_GetStatusRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  get(argument: _llava_v1_GetStatusRequestInput, callback: grpc.requestCallback<_llava_v1_RunStatusMessage>): grpc.ClientUnaryCall;
  
  /**
   * The applied steps of the run so far, oldest first, also those before the server's last start; then ends.
   */
  History(argument: _llava_v1_HistoryRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_StepStatusMessage>;
  History(argument: _llava_v1_HistoryRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_StepStatusMessage>;
  /**
   * The applied steps of the run so far, oldest first, also those before the server's last start; then ends.
   */
  history(argument: _llava_v1_HistoryRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_StepStatusMessage>;
  history(argument: _llava_v1_HistoryRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_StepStatusMessage>;
  
  /**
   * The state now, then again whenever it changed, at most every interval_ms. Ends when the server stops.
   */
  Watch(argument: _llava_v1_WatchStatusRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_RunStatusMessage>;
  Watch(argument: _llava_v1_WatchStatusRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_RunStatusMessage>;
  /**
   * The state now, then again whenever it changed, at most every interval_ms. Ends when the server stops.
   */
  watch(argument: _llava_v1_WatchStatusRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_RunStatusMessage>;
  watch(argument: _llava_v1_WatchStatusRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_RunStatusMessage>;
  
}

export interface StatusHandlers extends grpc.UntypedServiceImplementation {
  Get: grpc.handleUnaryCall<_llava_v1_GetStatusRequestMessage, _llava_v1_RunStatusInput>;
  
  /**
   * The applied steps of the run so far, oldest first, also those before the server's last start; then ends.
   */
  History: grpc.handleServerStreamingCall<_llava_v1_HistoryRequestMessage, _llava_v1_StepStatusInput>;
  
  /**
   * The state now, then again whenever it changed, at most every interval_ms. Ends when the server stops.
   */
  Watch: grpc.handleServerStreamingCall<_llava_v1_WatchStatusRequestMessage, _llava_v1_RunStatusInput>;
  
}

export interface StatusDefinition extends grpc.ServiceDefinition {
  Get: MethodDefinition<_llava_v1_GetStatusRequestInput, _llava_v1_RunStatusInput, _llava_v1_GetStatusRequestMessage, _llava_v1_RunStatusMessage>
  History: MethodDefinition<_llava_v1_HistoryRequestInput, _llava_v1_StepStatusInput, _llava_v1_HistoryRequestMessage, _llava_v1_StepStatusMessage>
  Watch: MethodDefinition<_llava_v1_WatchStatusRequestInput, _llava_v1_RunStatusInput, _llava_v1_WatchStatusRequestMessage, _llava_v1_RunStatusMessage>
}
