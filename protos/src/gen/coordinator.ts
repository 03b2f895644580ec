import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { CancelInput as _llava_v1_CancelInput, CancelMessage as _llava_v1_CancelMessage } from './llava/v1/Cancel.js';
import type { ChunkInput as _llava_v1_ChunkInput, ChunkMessage as _llava_v1_ChunkMessage } from './llava/v1/Chunk.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from './llava/v1/Commit.js';
import type { CoordinatorClient as _llava_v1_CoordinatorClient, CoordinatorDefinition as _llava_v1_CoordinatorDefinition } from './llava/v1/Coordinator.js';
import type { DoneInput as _llava_v1_DoneInput, DoneMessage as _llava_v1_DoneMessage } from './llava/v1/Done.js';
import type { DrainInput as _llava_v1_DrainInput, DrainMessage as _llava_v1_DrainMessage } from './llava/v1/Drain.js';
import type { FingerprintInput as _llava_v1_FingerprintInput, FingerprintMessage as _llava_v1_FingerprintMessage } from './llava/v1/Fingerprint.js';
import type { GrantInput as _llava_v1_GrantInput, GrantMessage as _llava_v1_GrantMessage } from './llava/v1/Grant.js';
import type { HeartbeatInput as _llava_v1_HeartbeatInput, HeartbeatMessage as _llava_v1_HeartbeatMessage } from './llava/v1/Heartbeat.js';
import type { HeartbeatAckInput as _llava_v1_HeartbeatAckInput, HeartbeatAckMessage as _llava_v1_HeartbeatAckMessage } from './llava/v1/HeartbeatAck.js';
import type { JoinReplyInput as _llava_v1_JoinReplyInput, JoinReplyMessage as _llava_v1_JoinReplyMessage } from './llava/v1/JoinReply.js';
import type { JoinRequestInput as _llava_v1_JoinRequestInput, JoinRequestMessage as _llava_v1_JoinRequestMessage } from './llava/v1/JoinRequest.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from './llava/v1/LeaseId.js';
import type { LeaveInput as _llava_v1_LeaveInput, LeaveMessage as _llava_v1_LeaveMessage } from './llava/v1/Leave.js';
import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from './llava/v1/Member.js';
import type { ReadyInput as _llava_v1_ReadyInput, ReadyMessage as _llava_v1_ReadyMessage } from './llava/v1/Ready.js';
import type { ReleaseInput as _llava_v1_ReleaseInput, ReleaseMessage as _llava_v1_ReleaseMessage } from './llava/v1/Release.js';
import type { SessionDownInput as _llava_v1_SessionDownInput, SessionDownMessage as _llava_v1_SessionDownMessage } from './llava/v1/SessionDown.js';
import type { SessionHelloInput as _llava_v1_SessionHelloInput, SessionHelloMessage as _llava_v1_SessionHelloMessage } from './llava/v1/SessionHello.js';
import type { SessionUpInput as _llava_v1_SessionUpInput, SessionUpMessage as _llava_v1_SessionUpMessage } from './llava/v1/SessionUp.js';
import type { ShardInput as _llava_v1_ShardInput, ShardMessage as _llava_v1_ShardMessage } from './llava/v1/Shard.js';
import type { StageChangeInput as _llava_v1_StageChangeInput, StageChangeMessage as _llava_v1_StageChangeMessage } from './llava/v1/StageChange.js';
import type { TensorInput as _llava_v1_TensorInput, TensorMessage as _llava_v1_TensorMessage } from './llava/v1/Tensor.js';
import type { WelcomeInput as _llava_v1_WelcomeInput, WelcomeMessage as _llava_v1_WelcomeMessage } from './llava/v1/Welcome.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  llava: {
    v1: {
      Cancel: MessageTypeDefinition<_llava_v1_CancelInput, _llava_v1_CancelMessage>
      Chunk: MessageTypeDefinition<_llava_v1_ChunkInput, _llava_v1_ChunkMessage>
      Commit: MessageTypeDefinition<_llava_v1_CommitInput, _llava_v1_CommitMessage>
      Coordinator: SubtypeConstructor<typeof grpc.Client, _llava_v1_CoordinatorClient> & { service: _llava_v1_CoordinatorDefinition }
      Done: MessageTypeDefinition<_llava_v1_DoneInput, _llava_v1_DoneMessage>
      Drain: MessageTypeDefinition<_llava_v1_DrainInput, _llava_v1_DrainMessage>
      Encoding: EnumTypeDefinition
      Fingerprint: MessageTypeDefinition<_llava_v1_FingerprintInput, _llava_v1_FingerprintMessage>
      Grant: MessageTypeDefinition<_llava_v1_GrantInput, _llava_v1_GrantMessage>
      Heartbeat: MessageTypeDefinition<_llava_v1_HeartbeatInput, _llava_v1_HeartbeatMessage>
      HeartbeatAck: MessageTypeDefinition<_llava_v1_HeartbeatAckInput, _llava_v1_HeartbeatAckMessage>
      JoinReply: MessageTypeDefinition<_llava_v1_JoinReplyInput, _llava_v1_JoinReplyMessage>
      JoinRequest: MessageTypeDefinition<_llava_v1_JoinRequestInput, _llava_v1_JoinRequestMessage>
      LeaseId: MessageTypeDefinition<_llava_v1_LeaseIdInput, _llava_v1_LeaseIdMessage>
      Leave: MessageTypeDefinition<_llava_v1_LeaveInput, _llava_v1_LeaveMessage>
      Member: MessageTypeDefinition<_llava_v1_MemberInput, _llava_v1_MemberMessage>
      Ready: MessageTypeDefinition<_llava_v1_ReadyInput, _llava_v1_ReadyMessage>
      Release: MessageTypeDefinition<_llava_v1_ReleaseInput, _llava_v1_ReleaseMessage>
      SessionDown: MessageTypeDefinition<_llava_v1_SessionDownInput, _llava_v1_SessionDownMessage>
      SessionHello: MessageTypeDefinition<_llava_v1_SessionHelloInput, _llava_v1_SessionHelloMessage>
      SessionUp: MessageTypeDefinition<_llava_v1_SessionUpInput, _llava_v1_SessionUpMessage>
      Shard: MessageTypeDefinition<_llava_v1_ShardInput, _llava_v1_ShardMessage>
      StageChange: MessageTypeDefinition<_llava_v1_StageChangeInput, _llava_v1_StageChangeMessage>
      Tensor: MessageTypeDefinition<_llava_v1_TensorInput, _llava_v1_TensorMessage>
      Welcome: MessageTypeDefinition<_llava_v1_WelcomeInput, _llava_v1_WelcomeMessage>
    }
  }
}

