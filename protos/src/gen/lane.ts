import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ChunkInput as _llava_v1_ChunkInput, ChunkMessage as _llava_v1_ChunkMessage } from './llava/v1/Chunk.js';
import type { CommitInput as _llava_v1_CommitInput, CommitMessage as _llava_v1_CommitMessage } from './llava/v1/Commit.js';
import type { FingerprintInput as _llava_v1_FingerprintInput, FingerprintMessage as _llava_v1_FingerprintMessage } from './llava/v1/Fingerprint.js';
import type { LaneClient as _llava_v1_LaneClient, LaneDefinition as _llava_v1_LaneDefinition } from './llava/v1/Lane.js';
import type { LaneDownInput as _llava_v1_LaneDownInput, LaneDownMessage as _llava_v1_LaneDownMessage } from './llava/v1/LaneDown.js';
import type { LaneErrorInput as _llava_v1_LaneErrorInput, LaneErrorMessage as _llava_v1_LaneErrorMessage } from './llava/v1/LaneError.js';
import type { LaneHelloInput as _llava_v1_LaneHelloInput, LaneHelloMessage as _llava_v1_LaneHelloMessage } from './llava/v1/LaneHello.js';
import type { LaneUpInput as _llava_v1_LaneUpInput, LaneUpMessage as _llava_v1_LaneUpMessage } from './llava/v1/LaneUp.js';
import type { LeaseIdInput as _llava_v1_LeaseIdInput, LeaseIdMessage as _llava_v1_LeaseIdMessage } from './llava/v1/LeaseId.js';
import type { MemberInput as _llava_v1_MemberInput, MemberMessage as _llava_v1_MemberMessage } from './llava/v1/Member.js';
import type { ParametersClient as _llava_v1_ParametersClient, ParametersDefinition as _llava_v1_ParametersDefinition } from './llava/v1/Parameters.js';
import type { PullHeaderInput as _llava_v1_PullHeaderInput, PullHeaderMessage as _llava_v1_PullHeaderMessage } from './llava/v1/PullHeader.js';
import type { PullPartInput as _llava_v1_PullPartInput, PullPartMessage as _llava_v1_PullPartMessage } from './llava/v1/PullPart.js';
import type { PullRequestInput as _llava_v1_PullRequestInput, PullRequestMessage as _llava_v1_PullRequestMessage } from './llava/v1/PullRequest.js';
import type { PushHeaderInput as _llava_v1_PushHeaderInput, PushHeaderMessage as _llava_v1_PushHeaderMessage } from './llava/v1/PushHeader.js';
import type { PushPartInput as _llava_v1_PushPartInput, PushPartMessage as _llava_v1_PushPartMessage } from './llava/v1/PushPart.js';
import type { PushReplyInput as _llava_v1_PushReplyInput, PushReplyMessage as _llava_v1_PushReplyMessage } from './llava/v1/PushReply.js';
import type { TensorInput as _llava_v1_TensorInput, TensorMessage as _llava_v1_TensorMessage } from './llava/v1/Tensor.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  llava: {
    v1: {
      Chunk: MessageTypeDefinition<_llava_v1_ChunkInput, _llava_v1_ChunkMessage>
      Commit: MessageTypeDefinition<_llava_v1_CommitInput, _llava_v1_CommitMessage>
      Encoding: EnumTypeDefinition
      Fingerprint: MessageTypeDefinition<_llava_v1_FingerprintInput, _llava_v1_FingerprintMessage>
      /**
       * Not served over gRPC: the shape of what goes over a lane, written as a service so that generators know it.
       */
      Lane: SubtypeConstructor<typeof grpc.Client, _llava_v1_LaneClient> & { service: _llava_v1_LaneDefinition }
      LaneDown: MessageTypeDefinition<_llava_v1_LaneDownInput, _llava_v1_LaneDownMessage>
      LaneError: MessageTypeDefinition<_llava_v1_LaneErrorInput, _llava_v1_LaneErrorMessage>
      LaneHello: MessageTypeDefinition<_llava_v1_LaneHelloInput, _llava_v1_LaneHelloMessage>
      LaneUp: MessageTypeDefinition<_llava_v1_LaneUpInput, _llava_v1_LaneUpMessage>
      LeaseId: MessageTypeDefinition<_llava_v1_LeaseIdInput, _llava_v1_LeaseIdMessage>
      Member: MessageTypeDefinition<_llava_v1_MemberInput, _llava_v1_MemberMessage>
      Parameters: SubtypeConstructor<typeof grpc.Client, _llava_v1_ParametersClient> & { service: _llava_v1_ParametersDefinition }
      PullHeader: MessageTypeDefinition<_llava_v1_PullHeaderInput, _llava_v1_PullHeaderMessage>
      PullPart: MessageTypeDefinition<_llava_v1_PullPartInput, _llava_v1_PullPartMessage>
      PullRequest: MessageTypeDefinition<_llava_v1_PullRequestInput, _llava_v1_PullRequestMessage>
      PushHeader: MessageTypeDefinition<_llava_v1_PushHeaderInput, _llava_v1_PushHeaderMessage>
      PushPart: MessageTypeDefinition<_llava_v1_PushPartInput, _llava_v1_PushPartMessage>
      PushReply: MessageTypeDefinition<_llava_v1_PushReplyInput, _llava_v1_PushReplyMessage>
      Tensor: MessageTypeDefinition<_llava_v1_TensorInput, _llava_v1_TensorMessage>
    }
  }
}

