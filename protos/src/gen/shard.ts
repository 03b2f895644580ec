import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AppliedInput as _llava_v1_AppliedInput, AppliedMessage as _llava_v1_AppliedMessage } from './llava/v1/Applied.js';
import type { ApplyInput as _llava_v1_ApplyInput, ApplyMessage as _llava_v1_ApplyMessage } from './llava/v1/Apply.js';
import type { AttachInput as _llava_v1_AttachInput, AttachMessage as _llava_v1_AttachMessage } from './llava/v1/Attach.js';
import type { AttachedInput as _llava_v1_AttachedInput, AttachedMessage as _llava_v1_AttachedMessage } from './llava/v1/Attached.js';
import type { ChunkInput as _llava_v1_ChunkInput, ChunkMessage as _llava_v1_ChunkMessage } from './llava/v1/Chunk.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from './llava/v1/Commit.js';
import type { FingerprintInput as _llava_v1_FingerprintInput, FingerprintMessage as _llava_v1_FingerprintMessage } from './llava/v1/Fingerprint.js';
import type { FinishInput as _llava_v1_FinishInput, FinishMessage as _llava_v1_FinishMessage } from './llava/v1/Finish.js';
import type { LeaseAddedInput as _llava_v1_LeaseAddedInput, LeaseAddedMessage as _llava_v1_LeaseAddedMessage } from './llava/v1/LeaseAdded.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from './llava/v1/LeaseId.js';
import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from './llava/v1/Member.js';
import type { PermitInput as _llava_v1_PermitInput, PermitMessage as _llava_v1_PermitMessage } from './llava/v1/Permit.js';
import type { PushRefusedInput as _llava_v1_PushRefusedInput, PushRefusedMessage as _llava_v1_PushRefusedMessage } from './llava/v1/PushRefused.js';
import type { RestartInput as _llava_v1_RestartInput, RestartMessage as _llava_v1_RestartMessage } from './llava/v1/Restart.js';
import type { RevokeInput as _llava_v1_RevokeInput, RevokeMessage as _llava_v1_RevokeMessage } from './llava/v1/Revoke.js';
import type { SaveInput as _llava_v1_SaveInput, SaveMessage as _llava_v1_SaveMessage } from './llava/v1/Save.js';
import type { SavedInput as _llava_v1_SavedInput, SavedMessage as _llava_v1_SavedMessage } from './llava/v1/Saved.js';
import type { ShardCommandInput as _llava_v1_ShardCommandInput, ShardCommandMessage as _llava_v1_ShardCommandMessage } from './llava/v1/ShardCommand.js';
import type { ShardHealthInput as _llava_v1_ShardHealthInput, ShardHealthMessage as _llava_v1_ShardHealthMessage } from './llava/v1/ShardHealth.js';
import type { ShardLinkClient as _llava_v1_ShardLinkClient, ShardLinkDefinition as _llava_v1_ShardLinkDefinition } from './llava/v1/ShardLink.js';
import type { ShardReportInput as _llava_v1_ShardReportInput, ShardReportMessage as _llava_v1_ShardReportMessage } from './llava/v1/ShardReport.js';
import type { SnapshotFileInput as _llava_v1_SnapshotFileInput, SnapshotFileMessage as _llava_v1_SnapshotFileMessage } from './llava/v1/SnapshotFile.js';
import type { SquaredInput as _llava_v1_SquaredInput, SquaredMessage as _llava_v1_SquaredMessage } from './llava/v1/Squared.js';
import type { SquaresInput as _llava_v1_SquaresInput, SquaresMessage as _llava_v1_SquaresMessage } from './llava/v1/Squares.js';
import type { TensorInput as _llava_v1_TensorInput, TensorMessage as _llava_v1_TensorMessage } from './llava/v1/Tensor.js';
import type { TensorSquaresInput as _llava_v1_TensorSquaresInput, TensorSquaresMessage as _llava_v1_TensorSquaresMessage } from './llava/v1/TensorSquares.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  llava: {
    v1: {
      Applied: MessageTypeDefinition<_llava_v1_AppliedInput, _llava_v1_AppliedMessage>
      Apply: MessageTypeDefinition<_llava_v1_ApplyInput, _llava_v1_ApplyMessage>
      Attach: MessageTypeDefinition<_llava_v1_AttachInput, _llava_v1_AttachMessage>
      Attached: MessageTypeDefinition<_llava_v1_AttachedInput, _llava_v1_AttachedMessage>
      Chunk: MessageTypeDefinition<_llava_v1_ChunkInput, _llava_v1_ChunkMessage>
      Commit: MessageTypeDefinition<_llava_v1_CommitInput, _llava_v1_CommitMessage>
      Encoding: EnumTypeDefinition
      Fingerprint: MessageTypeDefinition<_llava_v1_FingerprintInput, _llava_v1_FingerprintMessage>
      Finish: MessageTypeDefinition<_llava_v1_FinishInput, _llava_v1_FinishMessage>
      LeaseAdded: MessageTypeDefinition<_llava_v1_LeaseAddedInput, _llava_v1_LeaseAddedMessage>
      LeaseId: MessageTypeDefinition<_llava_v1_LeaseIdInput, _llava_v1_LeaseIdMessage>
      Member: MessageTypeDefinition<_llava_v1_MemberInput, _llava_v1_MemberMessage>
      Permit: MessageTypeDefinition<_llava_v1_PermitInput, _llava_v1_PermitMessage>
      PushRefused: MessageTypeDefinition<_llava_v1_PushRefusedInput, _llava_v1_PushRefusedMessage>
      Restart: MessageTypeDefinition<_llava_v1_RestartInput, _llava_v1_RestartMessage>
      Revoke: MessageTypeDefinition<_llava_v1_RevokeInput, _llava_v1_RevokeMessage>
      Save: MessageTypeDefinition<_llava_v1_SaveInput, _llava_v1_SaveMessage>
      Saved: MessageTypeDefinition<_llava_v1_SavedInput, _llava_v1_SavedMessage>
      ShardCommand: MessageTypeDefinition<_llava_v1_ShardCommandInput, _llava_v1_ShardCommandMessage>
      ShardHealth: MessageTypeDefinition<_llava_v1_ShardHealthInput, _llava_v1_ShardHealthMessage>
      ShardLink: SubtypeConstructor<typeof grpc.Client, _llava_v1_ShardLinkClient> & { service: _llava_v1_ShardLinkDefinition }
      ShardReport: MessageTypeDefinition<_llava_v1_ShardReportInput, _llava_v1_ShardReportMessage>
      SnapshotFile: MessageTypeDefinition<_llava_v1_SnapshotFileInput, _llava_v1_SnapshotFileMessage>
      Squared: MessageTypeDefinition<_llava_v1_SquaredInput, _llava_v1_SquaredMessage>
      Squares: MessageTypeDefinition<_llava_v1_SquaresInput, _llava_v1_SquaresMessage>
      Tensor: MessageTypeDefinition<_llava_v1_TensorInput, _llava_v1_TensorMessage>
      TensorSquares: MessageTypeDefinition<_llava_v1_TensorSquaresInput, _llava_v1_TensorSquaresMessage>
    }
  }
}

