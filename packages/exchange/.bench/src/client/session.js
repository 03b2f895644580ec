import { LlavaError } from '@llava-ts/telemetry';
import { createDeferred } from '../deferred.js';
import { fromServiceError } from '../wire/error-table.js';
/** Starts a session on a new stream: says hello, keeps the heart beating, hands on what comes down. */
export function openSession(options) {
    const { stream, peer, member, holding, heartbeatMs, silenceMs, phase, now, onAssignment, onCancel } = options;
    const closed = createDeferred();
    let sequence = 0;
    let heardMs = now();
    let over = false;
    const beat = setInterval(() => {
        if (now() - heardMs > silenceMs)
            return end(new LlavaError('unavailable', `${peer}: silent for ${silenceMs} ms`));
        sequence += 1;
        stream.write({ heartbeat: { sequence, phase: `PHASE_${phase()}`, residentBytes: process.memoryUsage.rss() } });
    }, heartbeatMs);
    function end(reason) {
        if (over)
            return;
        over = true;
        clearInterval(beat);
        stream.cancel();
        closed.resolve(reason);
    }
    stream.on('data', (down) => {
        heardMs = now();
        if (over)
            return;
        const assignment = toAssignment(down);
        if (assignment === 'malformed')
            return end(new LlavaError('corrupt', `${peer}: sent a grant without a lease`));
        if (assignment !== null)
            onAssignment(assignment);
        if (down.cancel?.lease)
            onCancel(down.cancel.lease, down.cancel.reason);
    });
    stream.on('error', (error) => end(fromServiceError(error, peer)));
    stream.on('end', () => end(new LlavaError('unavailable', `${peer}: ended the session`)));
    stream.write({ hello: { member, holding: [...holding] } });
    return {
        closed: closed.promise,
        ready: (fingerprint, preparedStage) => void stream.write({ ready: { fingerprint, preparedStage } }),
        async leave(reason) {
            if (over)
                return;
            clearInterval(beat);
            stream.write({ leave: { reason } });
            stream.end();
            const timer = setTimeout(() => end(null), silenceMs);
            await closed.promise;
            clearTimeout(timer);
        },
    };
}
function toAssignment(down) {
    switch (down.message) {
        case 'grant': {
            const { lease, version = 0, first = 0, count = 0 } = down.grant ?? {};
            if (!lease)
                return 'malformed';
            return { kind: 'lease', lease: { stage: lease.stage, step: lease.step, lease: lease.lease, version, first, count } };
        }
        case 'stageChange':
            return { kind: 'stage', stage: down.stageChange?.stage ?? 0 };
        case 'done':
        case 'drain':
            return { kind: 'done' };
        default:
            return null;
    }
}
//# sourceMappingURL=session.js.map