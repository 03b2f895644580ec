// Original file: llava/v1/parameters.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PullPartInput as _llava_v1_PullPartInput, PullPartMessage as _llava_v1_PullPartMessage } from '../../llava/v1/PullPart.js';
import type { PullRequestInput as _llava_v1_PullRequestInput, PullRequestMessage as _llava_v1_PullRequestMessage } from '../../llava/v1/PullRequest.js';
import type { PushPartInput as _llava_v1_PushPartInput, PushPartMessage as _llava_v1_PushPartMessage } from '../../llava/v1/PushPart.js';
import type { PushReplyInput as _llava_v1_PushReplyInput, PushReplyMessage as _llava_v1_PushReplyMessage } from '../../llava/v1/PushReply.js';

export interface ParametersClient extends grpc.Client {
  /**
   * Header, chunks, end. ABORTED: the version is not (any more) the current one; the lease it was for is void. This can also
   * end a stream in the middle: what came before is then worthless.
   */
  Pull(argument: _llava_v1_PullRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_PullPartMessage>;
  Pull(argument: _llava_v1_PullRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_PullPartMessage>;
  /**
   * Header, chunks, end. ABORTED: the version is not (any more) the current one; the lease it was for is void. This can also
   * end a stream in the middle: what came before is then worthless.
   */
  pull(argument: _llava_v1_PullRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_PullPartMessage>;
  pull(argument: _llava_v1_PullRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_PullPartMessage>;
  
  /**
   * Header, chunks, commit; then the caller half-closes. The contribution counts when the reply comes, and exactly once
   * however often it is sent. After a lost reply send the same Push again.
   * The server may answer before it has read everything; then stop sending.
   * ABORTED: the lease is of another step or was never granted to this worker, or the worker is no member.
   * FAILED_PRECONDITION: another run, or another table of tensors. DATA_LOSS: count or checksum differ.
   * INVALID_ARGUMENT: malformed, or an element is NaN or infinite (the message names the tensor).
   */
  Push(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  Push(metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  Push(options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  Push(callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  /**
   * Header, chunks, commit; then the caller half-closes. The contribution counts when the reply comes, and exactly once
   * however often it is sent. After a lost reply send the same Push again.
   * The server may answer before it has read everything; then stop sending.
   * ABORTED: the lease is of another step or was never granted to this worker, or the worker is no member.
   * FAILED_PRECONDITION: another run, or another table of tensors. DATA_LOSS: count or checksum differ.
   * INVALID_ARGUMENT: malformed, or an element is NaN or infinite (the message names the tensor).
   */
  push(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  push(metadata: grpc.Metadata, callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  push(options: grpc.CallOptions, callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  push(callback: grpc.requestCallback<_llava_v1_PushReplyMessage>): grpc.ClientWritableStream<_llava_v1_PushPartInput>;
  
}

export interface ParametersHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Header, chunks, end. ABORTED: the version is not (any more) the current one; the lease it was for is void. This can also
   * end a stream in the middle: what came before is then worthless.
   */
  Pull: grpc.handleServerStreamingCall<_llava_v1_PullRequestMessage, _llava_v1_PullPartInput>;
  
  /**
   * Header, chunks, commit; then the caller half-closes. The contribution counts when the reply comes, and exactly once
   * however often it is sent. After a lost reply send the same Push again.
   * The server may answer before it has read everything; then stop sending.
   * ABORTED: the lease is of another step or was never granted to this worker, or the worker is no member.
   * FAILED_PRECONDITION: another run, or another table of tensors. DATA_LOSS: count or checksum differ.
   * INVALID_ARGUMENT: malformed, or an element is NaN or infinite (the message names the tensor).
   */
  Push: grpc.handleClientStreamingCall<_llava_v1_PushPartMessage, _llava_v1_PushReplyInput>;
  
}

export interface ParametersDefinition extends grpc.ServiceDefinition {
  Pull: MethodDefinition<_llava_v1_PullRequestInput, _llava_v1_PullPartInput, _llava_v1_PullRequestMessage, _llava_v1_PullPartMessage>
  Push: MethodDefinition<_llava_v1_PushPartInput, _llava_v1_PushReplyInput, _llava_v1_PushPartMessage, _llava_v1_PushReplyMessage>
}
