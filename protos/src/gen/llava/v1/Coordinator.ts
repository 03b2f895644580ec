// Original file: llava/v1/coordinator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { JoinReplyInput as _llava_v1_JoinReplyInput, JoinReplyMessage as _llava_v1_JoinReplyMessage } from '../../llava/v1/JoinReply.js';
import type { JoinRequestInput as _llava_v1_JoinRequestInput, JoinRequestMessage as _llava_v1_JoinRequestMessage } from '../../llava/v1/JoinRequest.js';
import type { SessionDownInput as _llava_v1_SessionDownInput, SessionDownMessage as _llava_v1_SessionDownMessage } from '../../llava/v1/SessionDown.js';
import type { SessionUpInput as _llava_v1_SessionUpInput, SessionUpMessage as _llava_v1_SessionUpMessage } from '../../llava/v1/SessionUp.js';

export interface CoordinatorClient extends grpc.Client {
  /**
   * Makes the caller a member of the run. Repeating it with the same incarnation is harmless.
   * FAILED_PRECONDITION: a field of the fingerprint differs. ABORTED: a living worker has this name.
   */
  Join(argument: _llava_v1_JoinRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  Join(argument: _llava_v1_JoinRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  Join(argument: _llava_v1_JoinRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  Join(argument: _llava_v1_JoinRequestInput, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  /**
   * Makes the caller a member of the run. Repeating it with the same incarnation is harmless.
   * FAILED_PRECONDITION: a field of the fingerprint differs. ABORTED: a living worker has this name.
   */
  join(argument: _llava_v1_JoinRequestInput, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  join(argument: _llava_v1_JoinRequestInput, metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  join(argument: _llava_v1_JoinRequestInput, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  join(argument: _llava_v1_JoinRequestInput, callback: grpc.requestCallback<_llava_v1_JoinReplyMessage>): grpc.ClientUnaryCall;
  
  /**
   * Open as long as the worker lives (the one call without a deadline: heartbeats bound it). The first message up is
   * SessionHello, the first message down is Welcome.
   */
  Session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_SessionUpInput, _llava_v1_SessionDownMessage>;
  Session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_SessionUpInput, _llava_v1_SessionDownMessage>;
  /**
   * Open as long as the worker lives (the one call without a deadline: heartbeats bound it). The first message up is
   * SessionHello, the first message down is Welcome.
   */
  session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_SessionUpInput, _llava_v1_SessionDownMessage>;
  session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_SessionUpInput, _llava_v1_SessionDownMessage>;
  
}

export interface CoordinatorHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Makes the caller a member of the run. Repeating it with the same incarnation is harmless.
   * FAILED_PRECONDITION: a field of the fingerprint differs. ABORTED: a living worker has this name.
   */
  Join: grpc.handleUnaryCall<_llava_v1_JoinRequestMessage, _llava_v1_JoinReplyInput>;
  
  /**
   * Open as long as the worker lives (the one call without a deadline: heartbeats bound it). The first message up is
   * SessionHello, the first message down is Welcome.
   */
  Session: grpc.handleBidiStreamingCall<_llava_v1_SessionUpMessage, _llava_v1_SessionDownInput>;
  
}

export interface CoordinatorDefinition extends grpc.ServiceDefinition {
  Join: MethodDefinition<_llava_v1_JoinRequestInput, _llava_v1_JoinReplyInput, _llava_v1_JoinRequestMessage, _llava_v1_JoinReplyMessage>
  Session: MethodDefinition<_llava_v1_SessionUpInput, _llava_v1_SessionDownInput, _llava_v1_SessionUpMessage, _llava_v1_SessionDownMessage>
}
