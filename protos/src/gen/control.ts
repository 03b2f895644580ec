import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { ControlClient as _llava_v1_ControlClient, ControlDefinition as _llava_v1_ControlDefinition } from './llava/v1/Control.js';
import type { ControlReplyInput as _llava_v1_ControlReplyInput, ControlReplyMessage as _llava_v1_ControlReplyMessage } from './llava/v1/ControlReply.js';
import type { PauseRequestInput as _llava_v1_PauseRequestInput, PauseRequestMessage as _llava_v1_PauseRequestMessage } from './llava/v1/PauseRequest.js';
import type { ResumeRequestInput as _llava_v1_ResumeRequestInput, ResumeRequestMessage as _llava_v1_ResumeRequestMessage } from './llava/v1/ResumeRequest.js';
import type { SnapshotRequestInput as _llava_v1_SnapshotRequestInput, SnapshotRequestMessage as _llava_v1_SnapshotRequestMessage } from './llava/v1/SnapshotRequest.js';
import type { StopRequestInput as _llava_v1_StopRequestInput, StopRequestMessage as _llava_v1_StopRequestMessage } from './llava/v1/StopRequest.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  llava: {
    v1: {
      Control: SubtypeConstructor<typeof grpc.Client, _llava_v1_ControlClient> & { service: _llava_v1_ControlDefinition }
      ControlReply: MessageTypeDefinition<_llava_v1_ControlReplyInput, _llava_v1_ControlReplyMessage>
      PauseRequest: MessageTypeDefinition<_llava_v1_PauseRequestInput, _llava_v1_PauseRequestMessage>
      ResumeRequest: MessageTypeDefinition<_llava_v1_ResumeRequestInput, _llava_v1_ResumeRequestMessage>
      SnapshotRequest: MessageTypeDefinition<_llava_v1_SnapshotRequestInput, _llava_v1_SnapshotRequestMessage>
      StopRequest: MessageTypeDefinition<_llava_v1_StopRequestInput, _llava_v1_StopRequestMessage>
    }
  }
}

