import { LlavaError } from '@llava-ts/telemetry';
import { fromServiceError } from '../wire/error-table.js';
import { layOut, splitPayload } from '../wire/layout.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import { createPayloadReceiver } from '../wire/payload-receiver.js';
/**
 * Pulls one shard's parameters, once.
 * @throws {LlavaError} as the server said, `corrupt` when the stream does not add up, `cancelled` by the signal.
 */
export function pullShard(channel, request, bounds) {
    const { peer, deadlineMs, signal } = bounds;
    return new Promise((resolve, reject) => {
        const call = channel.Pull(request, { deadline: Date.now() + deadlineMs });
        const assembly = createAssembly(peer);
        const cancel = () => call.cancel();
        const fail = (error) => {
            signal?.removeEventListener('abort', cancel);
            call.cancel();
            reject(error instanceof Error ? error : new Error(String(error)));
        };
        if (signal?.aborted === true)
            return fail(new LlavaError('cancelled', `pull from ${peer}: cancelled`));
        signal?.addEventListener('abort', cancel, { once: true });
        call.on('data', (part) => {
            try {
                assembly.take(part);
            }
            catch (error) {
                fail(error);
            }
        });
        call.on('error', (error) => {
            fail(signal?.aborted === true ? new LlavaError('cancelled', `pull from ${peer}: cancelled`) : fromServiceError(error, peer));
        });
        call.on('end', () => {
            signal?.removeEventListener('abort', cancel);
            // When the call failed, 'error' follows 'end' and this has no effect on what is known to be incomplete.
            const pulled = assembly.result();
            if (pulled !== null)
                resolve(pulled);
        });
        call.on('status', (final) => {
            if (final.code === 0 && assembly.result() === null)
                fail(new LlavaError('corrupt', `pull from ${peer}: the stream ended before its end message`));
        });
    });
}
/** Header, chunks, end, in this order and nothing else. */
function createAssembly(peer) {
    const what = `pull from ${peer}`;
    let open = null;
    let finished = null;
    const misplaced = (part) => new LlavaError('corrupt', `${what}: ${part} out of place`);
    return {
        result: () => finished,
        take(part) {
            if (finished !== null)
                throw misplaced(part.part);
            switch (part.part) {
                case 'header': {
                    if (open !== null)
                        throw misplaced('header');
                    const { tensors, layoutDigest } = part.header;
                    const layout = layOut(tensors.filter(({ unchanged }) => !unchanged));
                    const pushLayout = { ...layOut(tensors.filter(({ learns }) => learns)), digest: layoutDigest };
                    open = { layout, pushLayout, receiver: createPayloadReceiver(new Float32Array(layout.size), { maxChunkBytes: MAX_CHUNK_BYTES, what }) };
                    return;
                }
                case 'chunk':
                    if (open === null)
                        throw misplaced('chunk');
                    return open.receiver.take(part.chunk);
                case 'end':
                    if (open === null)
                        throw misplaced('end');
                    open.receiver.finish(part.end);
                    finished = { values: splitPayload(open.layout, open.receiver.payload), pushLayout: open.pushLayout };
                    return;
                case 'malformed':
                    throw new LlavaError('corrupt', `${what}: ${part.reason}`);
            }
        },
    };
}
//# sourceMappingURL=pull.js.map