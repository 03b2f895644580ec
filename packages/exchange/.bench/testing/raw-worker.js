import { PROTOCOL_VERSION } from '@llava-ts/protos';
import { createChannels } from '../src/client/channels.js';
import { joinOnce } from '../src/client/join.js';
import { pullShard } from '../src/client/pull.js';
import { createDeferred } from '../src/deferred.js';
import { fromServiceError } from '../src/wire/error-table.js';
import { orderForPayload } from '../src/wire/layout.js';
import { sendPayload } from '../src/wire/payload-sender.js';
import { toyResult } from './toy-run.js';
/** Joins and opens a session. */
export async function rawWorker(address, name, request = {}, incarnation = `${name}-process`) {
    const channels = createChannels(address);
    const reply = await joinOnce(channels.coordinator, { worker: name, incarnation, fingerprint: { protocolVersion: PROTOCOL_VERSION }, ...request }, address);
    const member = { runId: reply.runId, generation: reply.generation, incarnation };
    const session = channels.coordinator.Session();
    const received = [];
    let waiting = createDeferred();
    const broken = createDeferred();
    session.on('error', (error) => broken.reject(fromServiceError(error, address)));
    session.on('data', (down) => {
        received.push(down);
        if (down.message === 'welcome' || down.message === 'heartbeatAck')
            return;
        waiting.resolve(down);
        waiting = createDeferred();
    });
    session.write({ hello: { member } });
    const worker = {
        channels,
        reply,
        member,
        session,
        received,
        broken: broken.promise,
        fingerprint: { protocolVersion: PROTOCOL_VERSION, configDigest: reply.configDigest, frozenDigest: 'frozen', engineVersion: 'toy' },
        ready(preparedStage = reply.stage) {
            const answer = waiting.promise;
            session.write({ ready: { fingerprint: worker.fingerprint, preparedStage } });
            return Promise.race([answer, broken.promise]);
        },
        async lease() {
            const { grant } = await worker.ready();
            if (!grant?.lease)
                throw new Error('expected a grant');
            return { ...grant.lease, version: grant.version, first: grant.first, count: grant.count };
        },
        pull: ({ stage, version }) => pullShard(channels.parameters({ address: '' }), { member, stage, version, encoding: 'ENCODING_FLOAT32' }, { peer: address, deadlineMs: 5000 }),
        async pushOf(lease) {
            const { values, pushLayout } = await worker.pull(lease);
            const learning = new Map(pushLayout.tensors.map(({ name: tensor }) => [tensor, values.get(tensor)]));
            const { gradients, labelTokens, lossSum } = toyResult(lease, learning);
            const { stage, step, version } = lease;
            const header = {
                member,
                lease: { stage, step, lease: lease.lease },
                version,
                encoding: 'ENCODING_FLOAT32',
                layoutDigest: pushLayout.digest,
                labelTokens,
                lossSum,
            };
            return { header, parts: await partsOf(header, orderForPayload(pushLayout, gradients, 'test')) };
        },
        push(parts, { end = true } = {}) {
            return new Promise((resolve, reject) => {
                const call = channels.parameters({ address: '' }).Push({ deadline: Date.now() + 5000 }, (error, outcome) => {
                    if (error === null)
                        resolve(outcome.outcome);
                    else
                        reject(fromServiceError(error, address));
                });
                call.on('error', () => { });
                for (const part of parts)
                    call.write(part);
                if (end)
                    call.end();
            });
        },
        close() {
            session.cancel();
            channels.close();
        },
    };
    return worker;
}
/** A header, the chunks of a payload, and its commit, ready to be written. */
export async function partsOf(header, arrays, chunkBytes = 4096) {
    const chunks = [];
    const stream = { write: (chunk) => chunks.push(chunk) > 0 };
    const commit = await sendPayload(stream, arrays, { chunkBytes, check: () => { }, ended: () => false });
    return [{ header }, ...chunks, { commit: commit }];
}
//# sourceMappingURL=raw-worker.js.map