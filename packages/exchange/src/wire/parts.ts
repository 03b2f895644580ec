import type { ServiceDefinition } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import {
  loadLlavaV1,
  type ParametersDefinition,
  type PullPartInput,
  type PullPartMessage,
  type PullRequestInput,
  type PullRequestMessage,
  type PushPartInput,
  type PushPartMessage,
  type PushReplyInput,
  type PushReplyMessage,
} from '@llava-ts/protos';
import { readChunk, type WireChunk } from './chunk-codec.js';

/** What is written into a stream of parts: a message to encode, or one that `frameChunk` already made. */
export type Outgoing<Part> = Part | Buffer;

/** A part as it comes out of a stream; a chunk's data is a view of the received message. */
export type PushPart =
  { part: 'header'; header: NonNullable<PushPartMessage['header']> } | AnyPart | { part: 'commit'; commit: WireCommit };
export type PullPart =
  { part: 'header'; header: NonNullable<PullPartMessage['header']> } | AnyPart | { part: 'end'; end: WireCommit };

type AnyPart = { part: 'chunk'; chunk: WireChunk } | { part: 'malformed'; reason: string };

/** A decoded `Commit`. */
export interface WireCommit {
  readonly bytes: number;
  readonly crc32: number;
  /** On a lane in place of the CRC-32. */
  readonly laneHash: number;
}

/** A method by its codec alone, without descriptions of its messages. */
type Method<RequestIn, ResponseIn, RequestOut, ResponseOut> = Omit<
  MethodDefinition<RequestIn, ResponseIn, RequestOut, ResponseOut>,
  'requestType' | 'responseType' | 'options'
>;

/** The Parameters service with a codec that frames and reads chunks by hand; on the wire nothing differs. */
export interface FastParametersDefinition extends ServiceDefinition {
  Pull: Method<PullRequestInput, Outgoing<PullPartInput>, PullRequestMessage, PullPart>;
  Push: Method<Outgoing<PushPartInput>, PushReplyInput, PushPart, PushReplyMessage>;
}

/** Makes `FastParametersDefinition` from the loaded .proto files. */
export function fastParametersService(): FastParametersDefinition {
  const { Pull, Push }: ParametersDefinition = loadLlavaV1().Parameters.service;
  return {
    Pull: {
      path: Pull.path,
      requestStream: Pull.requestStream,
      responseStream: Pull.responseStream,
      requestSerialize: Pull.requestSerialize,
      requestDeserialize: Pull.requestDeserialize,
      responseSerialize: encodeWith(Pull.responseSerialize),
      responseDeserialize: decodeWith<PullPart>(Pull.responseDeserialize),
    },
    Push: {
      path: Push.path,
      requestStream: Push.requestStream,
      responseStream: Push.responseStream,
      requestSerialize: encodeWith(Push.requestSerialize),
      requestDeserialize: decodeWith<PushPart>(Push.requestDeserialize),
      responseSerialize: Push.responseSerialize,
      responseDeserialize: Push.responseDeserialize,
    },
  };
}

function encodeWith<Part>(encode: (part: Part) => Buffer): (part: Outgoing<Part>) => Buffer {
  return (part) => (Buffer.isBuffer(part) ? part : encode(part));
}

/** Never throws: grpc-js would answer INTERNAL for a message that is the sender's fault. */
function decodeWith<Part>(decode: (message: Buffer) => unknown): (message: Buffer) => Part {
  return (message) => {
    const chunk = readChunk(message);
    if (chunk !== null) return { part: 'chunk', chunk } as Part;
    try {
      const decoded = decode(message) as { part?: string };
      if (decoded.part !== undefined) return decoded as Part;
      return { part: 'malformed', reason: 'a part that is neither header, chunk nor commit' } as Part;
    } catch (error) {
      return {
        part: 'malformed',
        reason: `not a protobuf message of this type: ${error instanceof Error ? error.message : String(error)}`,
      } as Part;
    }
  };
}
