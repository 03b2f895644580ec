import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AssistantClient as _llava_v1_AssistantClient, AssistantDefinition as _llava_v1_AssistantDefinition } from './llava/v1/Assistant.js';
import type { ChatChunkInput as _llava_v1_ChatChunkInput, ChatChunkMessage as _llava_v1_ChatChunkMessage } from './llava/v1/ChatChunk.js';
import type { ChatRequestInput as _llava_v1_ChatRequestInput, ChatRequestMessage as _llava_v1_ChatRequestMessage } from './llava/v1/ChatRequest.js';
import type { ChatTurnInput as _llava_v1_ChatTurnInput, ChatTurnMessage as _llava_v1_ChatTurnMessage } from './llava/v1/ChatTurn.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  llava: {
    v1: {
      Assistant: SubtypeConstructor<typeof grpc.Client, _llava_v1_AssistantClient> & { service: _llava_v1_AssistantDefinition }
      ChatChunk: MessageTypeDefinition<_llava_v1_ChatChunkInput, _llava_v1_ChatChunkMessage>
      ChatRequest: MessageTypeDefinition<_llava_v1_ChatRequestInput, _llava_v1_ChatRequestMessage>
      ChatTurn: MessageTypeDefinition<_llava_v1_ChatTurnInput, _llava_v1_ChatTurnMessage>
    }
  }
}

