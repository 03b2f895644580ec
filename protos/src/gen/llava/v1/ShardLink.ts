// Original file: llava/v1/shard.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ShardCommandInput as _llava_v1_ShardCommandInput, ShardCommandMessage as _llava_v1_ShardCommandMessage } from '../../llava/v1/ShardCommand.js';
import type { ShardReportInput as _llava_v1_ShardReportInput, ShardReportMessage as _llava_v1_ShardReportMessage } from '../../llava/v1/ShardReport.js';

export interface ShardLinkClient extends grpc.Client {
  /**
   * Open as long as the coordinator lives. The first command is Attach. A later coordinator, or a later stream of the same one, ends
   * an earlier stream with ABORTED. FAILED_PRECONDITION: another run configuration, index or number of shards.
   */
  Follow(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_ShardCommandInput, _llava_v1_ShardReportMessage>;
  Follow(options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_ShardCommandInput, _llava_v1_ShardReportMessage>;
  /**
   * Open as long as the coordinator lives. The first command is Attach. A later coordinator, or a later stream of the same one, ends
   * an earlier stream with ABORTED. FAILED_PRECONDITION: another run configuration, index or number of shards.
   */
  follow(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_ShardCommandInput, _llava_v1_ShardReportMessage>;
  follow(options?: grpc.CallOptions): grpc.ClientDuplexStream<_llava_v1_ShardCommandInput, _llava_v1_ShardReportMessage>;
  
}

export interface ShardLinkHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Open as long as the coordinator lives. The first command is Attach. A later coordinator, or a later stream of the same one, ends
   * an earlier stream with ABORTED. FAILED_PRECONDITION: another run configuration, index or number of shards.
   */
  Follow: grpc.handleBidiStreamingCall<_llava_v1_ShardCommandMessage, _llava_v1_ShardReportInput>;
  
}

export interface ShardLinkDefinition extends grpc.ServiceDefinition {
  Follow: MethodDefinition<_llava_v1_ShardCommandInput, _llava_v1_ShardReportInput, _llava_v1_ShardCommandMessage, _llava_v1_ShardReportMessage>
}
