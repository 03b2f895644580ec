import { loadLlavaV1, } from '@llava-ts/protos';
import { readChunk } from './chunk-codec.js';
/** Makes `FastParametersDefinition` from the loaded .proto files. */
export function fastParametersService() {
    const { Pull, Push } = loadLlavaV1().Parameters.service;
    return {
        Pull: {
            path: Pull.path,
            requestStream: Pull.requestStream,
            responseStream: Pull.responseStream,
            requestSerialize: Pull.requestSerialize,
            requestDeserialize: Pull.requestDeserialize,
            responseSerialize: encodeWith(Pull.responseSerialize),
            responseDeserialize: decodeWith(Pull.responseDeserialize),
        },
        Push: {
            path: Push.path,
            requestStream: Push.requestStream,
            responseStream: Push.responseStream,
            requestSerialize: encodeWith(Push.requestSerialize),
            requestDeserialize: decodeWith(Push.requestDeserialize),
            responseSerialize: Push.responseSerialize,
            responseDeserialize: Push.responseDeserialize,
        },
    };
}
function encodeWith(encode) {
    return (part) => (Buffer.isBuffer(part) ? part : encode(part));
}
/** Never throws: grpc-js would answer INTERNAL for a message that is the sender's fault. */
function decodeWith(decode) {
    return (message) => {
        const chunk = readChunk(message);
        if (chunk !== null)
            return { part: 'chunk', chunk };
        try {
            const decoded = decode(message);
            if (decoded.part !== undefined)
                return decoded;
            return { part: 'malformed', reason: 'a part that is neither header, chunk nor commit' };
        }
        catch (error) {
            return { part: 'malformed', reason: `not a protobuf message of this type: ${error instanceof Error ? error.message : String(error)}` };
        }
    };
}
//# sourceMappingURL=parts.js.map