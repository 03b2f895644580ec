import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { CancelInput as _llava_v1_CancelInput, CancelMessage as _llava_v1_CancelMessage } from './llava/v1/Cancel.js';
import type { ChunkInput as _llava_v1_ChunkInput, ChunkMessage as _llava_v1_ChunkMessage } from './llava/v1/Chunk.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from './llava/v1/Commit.js';
import type { CoordinatorClient as _llava_v1_CoordinatorClient, CoordinatorDefinition as _llava_v1_CoordinatorDefinition } from './llava/v1/Coordinator.js';
import type { DataStatusInput as _llava_v1_DataStatusInput, DataStatusMessage as _llava_v1_DataStatusMessage } from './llava/v1/DataStatus.js';
import type { DoneInput as _llava_v1_DoneInput, DoneMessage as _llava_v1_DoneMessage } from './llava/v1/Done.js';
import type { DrainInput as _llava_v1_DrainInput, DrainMessage as _llava_v1_DrainMessage } from './llava/v1/Drain.js';
import type { FingerprintInput as _llava_v1_FingerprintInput, FingerprintMessage as _llava_v1_FingerprintMessage } from './llava/v1/Fingerprint.js';
import type { GetStatusRequestInput as _llava_v1_GetStatusRequestInput, GetStatusRequestMessage as _llava_v1_GetStatusRequestMessage } from './llava/v1/GetStatusRequest.js';
import type { GrantInput as _llava_v1_GrantInput, GrantMessage as _llava_v1_GrantMessage } from './llava/v1/Grant.js';
import type { HeartbeatInput as _llava_v1_HeartbeatInput, HeartbeatMessage as _llava_v1_HeartbeatMessage } from './llava/v1/Heartbeat.js';
import type { HeartbeatAckInput as _llava_v1_HeartbeatAckInput, HeartbeatAckMessage as _llava_v1_HeartbeatAckMessage } from './llava/v1/HeartbeatAck.js';
import type { HistoryRequestInput as _llava_v1_HistoryRequestInput, HistoryRequestMessage as _llava_v1_HistoryRequestMessage } from './llava/v1/HistoryRequest.js';
import type { JoinReplyInput as _llava_v1_JoinReplyInput, JoinReplyMessage as _llava_v1_JoinReplyMessage } from './llava/v1/JoinReply.js';
import type { JoinRequestInput as _llava_v1_JoinRequestInput, JoinRequestMessage as _llava_v1_JoinRequestMessage } from './llava/v1/JoinRequest.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from './llava/v1/LeaseId.js';
import type { LeaveInput as _llava_v1_LeaveInput, LeaveMessage as _llava_v1_LeaveMessage } from './llava/v1/Leave.js';
import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from './llava/v1/Member.js';
import type { ReadyInput as _llava_v1_ReadyInput, ReadyMessage as _llava_v1_ReadyMessage } from './llava/v1/Ready.js';
import type { ReleaseInput as _llava_v1_ReleaseInput, ReleaseMessage as _llava_v1_ReleaseMessage } from './llava/v1/Release.js';
import type { RunEventInput as _llava_v1_RunEventInput, RunEventMessage as _llava_v1_RunEventMessage } from './llava/v1/RunEvent.js';
import type { RunStatusInput as _llava_v1_RunStatusInput, RunStatusMessage as _llava_v1_RunStatusMessage } from './llava/v1/RunStatus.js';
import type { SessionDownInput as _llava_v1_SessionDownInput, SessionDownMessage as _llava_v1_SessionDownMessage } from './llava/v1/SessionDown.js';
import type { SessionHelloInput as _llava_v1_SessionHelloInput, SessionHelloMessage as _llava_v1_SessionHelloMessage } from './llava/v1/SessionHello.js';
import type { SessionUpInput as _llava_v1_SessionUpInput, SessionUpMessage as _llava_v1_SessionUpMessage } from './llava/v1/SessionUp.js';
import type { ShardInput as _llava_v1_ShardInput, ShardMessage as _llava_v1_ShardMessage } from './llava/v1/Shard.js';
import type { ShardStatusInput as _llava_v1_ShardStatusInput, ShardStatusMessage as _llava_v1_ShardStatusMessage } from './llava/v1/ShardStatus.js';
import type { SnapshotStatusInput as _llava_v1_SnapshotStatusInput, SnapshotStatusMessage as _llava_v1_SnapshotStatusMessage } from './llava/v1/SnapshotStatus.js';
import type { StageChangeInput as _llava_v1_StageChangeInput, StageChangeMessage as _llava_v1_StageChangeMessage } from './llava/v1/StageChange.js';
import type { StatusClient as _llava_v1_StatusClient, StatusDefinition as _llava_v1_StatusDefinition } from './llava/v1/Status.js';
import type { StepStatusInput as _llava_v1_StepStatusInput, StepStatusMessage as _llava_v1_StepStatusMessage } from './llava/v1/StepStatus.js';
import type { TensorInput as _llava_v1_TensorInput, TensorMessage as _llava_v1_TensorMessage } from './llava/v1/Tensor.js';
import type { WatchStatusRequestInput as _llava_v1_WatchStatusRequestInput, WatchStatusRequestMessage as _llava_v1_WatchStatusRequestMessage } from './llava/v1/WatchStatusRequest.js';
import type { WelcomeInput as _llava_v1_WelcomeInput, WelcomeMessage as _llava_v1_WelcomeMessage } from './llava/v1/Welcome.js';
import type { WorkerStatusInput as _llava_v1_WorkerStatusInput, WorkerStatusMessage as _llava_v1_WorkerStatusMessage } from './llava/v1/WorkerStatus.js';

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
      DataStatus: MessageTypeDefinition<_llava_v1_DataStatusInput, _llava_v1_DataStatusMessage>
      Done: MessageTypeDefinition<_llava_v1_DoneInput, _llava_v1_DoneMessage>
      Drain: MessageTypeDefinition<_llava_v1_DrainInput, _llava_v1_DrainMessage>
      Encoding: EnumTypeDefinition
      Fingerprint: MessageTypeDefinition<_llava_v1_FingerprintInput, _llava_v1_FingerprintMessage>
      GetStatusRequest: MessageTypeDefinition<_llava_v1_GetStatusRequestInput, _llava_v1_GetStatusRequestMessage>
      Grant: MessageTypeDefinition<_llava_v1_GrantInput, _llava_v1_GrantMessage>
      Heartbeat: MessageTypeDefinition<_llava_v1_HeartbeatInput, _llava_v1_HeartbeatMessage>
      HeartbeatAck: MessageTypeDefinition<_llava_v1_HeartbeatAckInput, _llava_v1_HeartbeatAckMessage>
      HistoryRequest: MessageTypeDefinition<_llava_v1_HistoryRequestInput, _llava_v1_HistoryRequestMessage>
      JoinReply: MessageTypeDefinition<_llava_v1_JoinReplyInput, _llava_v1_JoinReplyMessage>
      JoinRequest: MessageTypeDefinition<_llava_v1_JoinRequestInput, _llava_v1_JoinRequestMessage>
      LeaseId: MessageTypeDefinition<_llava_v1_LeaseIdInput, _llava_v1_LeaseIdMessage>
      Leave: MessageTypeDefinition<_llava_v1_LeaveInput, _llava_v1_LeaveMessage>
      Member: MessageTypeDefinition<_llava_v1_MemberInput, _llava_v1_MemberMessage>
      Ready: MessageTypeDefinition<_llava_v1_ReadyInput, _llava_v1_ReadyMessage>
      Release: MessageTypeDefinition<_llava_v1_ReleaseInput, _llava_v1_ReleaseMessage>
      RunEvent: MessageTypeDefinition<_llava_v1_RunEventInput, _llava_v1_RunEventMessage>
      RunStatus: MessageTypeDefinition<_llava_v1_RunStatusInput, _llava_v1_RunStatusMessage>
      SessionDown: MessageTypeDefinition<_llava_v1_SessionDownInput, _llava_v1_SessionDownMessage>
      SessionHello: MessageTypeDefinition<_llava_v1_SessionHelloInput, _llava_v1_SessionHelloMessage>
      SessionUp: MessageTypeDefinition<_llava_v1_SessionUpInput, _llava_v1_SessionUpMessage>
      Shard: MessageTypeDefinition<_llava_v1_ShardInput, _llava_v1_ShardMessage>
      ShardStatus: MessageTypeDefinition<_llava_v1_ShardStatusInput, _llava_v1_ShardStatusMessage>
      SnapshotStatus: MessageTypeDefinition<_llava_v1_SnapshotStatusInput, _llava_v1_SnapshotStatusMessage>
      StageChange: MessageTypeDefinition<_llava_v1_StageChangeInput, _llava_v1_StageChangeMessage>
      Status: SubtypeConstructor<typeof grpc.Client, _llava_v1_StatusClient> & { service: _llava_v1_StatusDefinition }
      StepStatus: MessageTypeDefinition<_llava_v1_StepStatusInput, _llava_v1_StepStatusMessage>
      Tensor: MessageTypeDefinition<_llava_v1_TensorInput, _llava_v1_TensorMessage>
      WatchStatusRequest: MessageTypeDefinition<_llava_v1_WatchStatusRequestInput, _llava_v1_WatchStatusRequestMessage>
      Welcome: MessageTypeDefinition<_llava_v1_WelcomeInput, _llava_v1_WelcomeMessage>
      WorkerStatus: MessageTypeDefinition<_llava_v1_WorkerStatusInput, _llava_v1_WorkerStatusMessage>
    }
  }
}

