import { startParameterServer, connectExchange } from '@llava-ts/exchange';
import { toyRun } from './testing/toy-run.js';
const run = toyRun({ hidden: 800, samples: 16, exchange: { chunkBytes: 524288, heartbeatMs: 1000, leaseTimeoutMs: 60000 }, stages: [{ trainable: ['projector', 'decoder'], leasesPerStep: 1 }] });
const bytes = [...run.tensors.values()].reduce((s, t) => s + t.parameter.byteLength, 0) / 1e6;
const cpu = (label, base, wall) => { const u = process.cpuUsage(base); console.log(label, bytes.toFixed(0), 'MB', 'cpu', ((u.user + u.system) / 1e6).toFixed(2), 's', (bytes / ((u.user + u.system) / 1e6)).toFixed(0), 'MB per cpu-s; wall', ((performance.now() - wall) / 1e3).toFixed(2)); };
let b = process.cpuUsage(), w = performance.now();
const server = await startParameterServer({ run, runId: 'b', recorder: { async step(f) { return { ...f, ms: 0 }; }, async save() {} }, address: '127.0.0.1:0', onStep: () => cpu('step', b, w) });
const ex = connectExchange({ address: server.address, workerName: 'w', fingerprint: () => ({ frozenDigest: 'f', engineVersion: 't' }) });
await ex.join();
for (let i = 0; i < 2; i++) {
  const a = await ex.next(); if (a.kind !== 'lease') break;
  b = process.cpuUsage(); w = performance.now();
  const p = await ex.pull({ stage: 0, version: a.lease.version, have: null });
  cpu('pull', b, w);
  b = process.cpuUsage(); w = performance.now();
  await ex.push({ lease: a.lease, gradients: p, labelTokens: 5, lossSum: 5, timings: {} });
  cpu('push', b, w); b = process.cpuUsage(); w = performance.now();
}
process.exit(0);
