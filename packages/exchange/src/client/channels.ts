import { makeGenericClientConstructor, type CallOptions, type Client } from '@grpc/grpc-js';
import type { ClientReadableStream, ClientWritableStream, requestCallback } from '@grpc/grpc-js';
import {
  loadLlavaV1,
  type CoordinatorClient,
  type PullRequestInput,
  type PushPartInput,
  type PushReplyMessage,
  type ShardMessage,
} from '@llava-ts/protos';
import { fastParametersService, type Outgoing, type PullPart } from '../wire/parts.js';
import { clientSecurity, type Entry } from './entry.js';

/** The Parameters service as this client calls it. */
export interface ParametersChannel extends Client {
  Pull(request: PullRequestInput, options: CallOptions): ClientReadableStream<PullPart>;
  Push(
    options: CallOptions,
    callback: requestCallback<PushReplyMessage>,
  ): ClientWritableStream<Outgoing<PushPartInput>>;
}

/** Connections of one worker: one for control, and one per shard for tensors. */
export interface Channels {
  readonly coordinator: CoordinatorClient;
  /** The channel to a shard, opened on first use. */
  parameters(shard: Pick<ShardMessage, 'address'>): ParametersChannel;
  close(): void;
}

/** Opens nothing yet: gRPC connects with the first call. */
export function createChannels(address: string, entry?: Entry): Channels {
  const { credentials, options } = clientSecurity(entry);
  const coordinator = new (loadLlavaV1().Coordinator)(address, credentials, options);
  const ParametersConstructor = makeGenericClientConstructor(fastParametersService(), 'Parameters');
  const shards = new Map<string, ParametersChannel>();
  return {
    coordinator,
    parameters(shard) {
      const target = shard.address === '' ? address : shard.address;
      const known = shards.get(target);
      if (known !== undefined) return known;
      const channel = new ParametersConstructor(target, credentials, options) as unknown as ParametersChannel;
      shards.set(target, channel);
      return channel;
    },
    close() {
      coordinator.close();
      for (const channel of shards.values()) channel.close();
    },
  };
}
