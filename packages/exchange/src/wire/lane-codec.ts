import {
  loadLlavaV1,
  type LaneDownInput,
  type LaneDownMessage,
  type LaneUpInput,
  type LaneUpMessage,
} from '@llava-ts/protos';
import { LlavaError, errorLine } from '@llava-ts/telemetry';

/** Writes and reads the messages of lane.proto. Reading throws `bad-input` for what is none. */
export interface LaneCodec {
  encodeUp(message: LaneUpInput): Buffer;
  decodeUp(bytes: Buffer): LaneUpMessage;
  encodeDown(message: LaneDownInput): Buffer;
  decodeDown(bytes: Buffer): LaneDownMessage;
}

/** Makes the codec from the loaded .proto files. */
export function laneCodec(): LaneCodec {
  const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
    loadLlavaV1().Lane.service.Carry;
  return {
    encodeUp: requestSerialize,
    decodeUp: (bytes) => read(requestDeserialize, bytes),
    encodeDown: responseSerialize,
    decodeDown: (bytes) => read(responseDeserialize, bytes),
  };
}

function read<Message>(decode: (bytes: Buffer) => Message, bytes: Buffer): Message {
  try {
    return decode(bytes);
  } catch (error) {
    throw new LlavaError('bad-input', `lane: not a protobuf message of this type: ${errorLine(error)}`, {
      cause: error,
    });
  }
}
