// Original file: llava/v1/assistant.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ChatChunkInput as _llava_v1_ChatChunkInput, ChatChunkMessage as _llava_v1_ChatChunkMessage } from '../../llava/v1/ChatChunk.js';
import type { ChatRequestInput as _llava_v1_ChatRequestInput, ChatRequestMessage as _llava_v1_ChatRequestMessage } from '../../llava/v1/ChatRequest.js';

export interface AssistantClient extends grpc.Client {
  /**
   * Answers the last turn. The text comes as it is written; the last chunk has the finish reason and the counts.
   * INVALID_ARGUMENT for what does not fit, RESOURCE_EXHAUSTED when too many wait, DEADLINE_EXCEEDED after the server's own limit;
   * a call that is cancelled frees its place at once.
   */
  Chat(argument: _llava_v1_ChatRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_ChatChunkMessage>;
  Chat(argument: _llava_v1_ChatRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_ChatChunkMessage>;
  /**
   * Answers the last turn. The text comes as it is written; the last chunk has the finish reason and the counts.
   * INVALID_ARGUMENT for what does not fit, RESOURCE_EXHAUSTED when too many wait, DEADLINE_EXCEEDED after the server's own limit;
   * a call that is cancelled frees its place at once.
   */
  chat(argument: _llava_v1_ChatRequestInput, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_ChatChunkMessage>;
  chat(argument: _llava_v1_ChatRequestInput, options?: grpc.CallOptions): grpc.ClientReadableStream<_llava_v1_ChatChunkMessage>;
  
}

export interface AssistantHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Answers the last turn. The text comes as it is written; the last chunk has the finish reason and the counts.
   * INVALID_ARGUMENT for what does not fit, RESOURCE_EXHAUSTED when too many wait, DEADLINE_EXCEEDED after the server's own limit;
   * a call that is cancelled frees its place at once.
   */
  Chat: grpc.handleServerStreamingCall<_llava_v1_ChatRequestMessage, _llava_v1_ChatChunkInput>;
  
}

export interface AssistantDefinition extends grpc.ServiceDefinition {
  Chat: MethodDefinition<_llava_v1_ChatRequestInput, _llava_v1_ChatChunkInput, _llava_v1_ChatRequestMessage, _llava_v1_ChatChunkMessage>
}
