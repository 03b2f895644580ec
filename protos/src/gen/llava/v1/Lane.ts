// Original file: llava/v1/lane.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { LaneDownInput as _llava_v1_LaneDownInput, LaneDownMessage as _llava_v1_LaneDownMessage } from '../../llava/v1/LaneDown.js';
import type { LaneUpInput as _llava_v1_LaneUpInput, LaneUpMessage as _llava_v1_LaneUpMessage } from '../../llava/v1/LaneUp.js';

/**
 * Not served over gRPC: the shape of what goes over a lane, written as a service so that generators know it.
 */
export interface LaneClient extends grpc.Client {
  Carry(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_LaneUpInput, _llava_v1_LaneDownMessage>;
  Carry(options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_LaneUpInput, _llava_v1_LaneDownMessage>;
  carry(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_LaneUpInput, _llava_v1_LaneDownMessage>;
  carry(options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_LaneUpInput, _llava_v1_LaneDownMessage>;
  
}

/**
 * Not served over gRPC: the shape of what goes over a lane, written as a service so that generators know it.
 */
export interface LaneHandlers extends grpc.UntypedServiceImplementation {
  Carry: grpc.handleBidiStreamingCall<_llava_v1_LaneUpMessage, _llava_v1_LaneDownInput>;
  
}

export interface LaneDefinition extends grpc.ServiceDefinition {
  Carry: MethodDefinition<_llava_v1_LaneUpInput, _llava_v1_LaneDownInput, _llava_v1_LaneUpMessage, _llava_v1_LaneDownMessage>
}
