import { startParameterServer, connectExchange } from '@llava-ts/exchange';
import { PerformanceObserver } from 'node:perf_hooks';
import { toyRun } from './testing/toy-run.js';
const run = toyRun({ hidden: 800, samples: 160, exchange: { chunkBytes: Number(process.env.CHUNK ?? 524288), heartbeatMs: 2000, leaseTimeoutMs: 60000 }, stages: [{ trainable: ['projector', 'decoder'], leasesPerStep: 1 }] });
const bytes = [...run.tensors.values()].reduce((s, t) => s + t.parameter.byteLength, 0) / 1e6;
let gc = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) gc += e.duration; }).observe({ entryTypes: ['gc'] });
const server = await startParameterServer({ run, runId: 'b', recorder: { async step(f) { return { ...f, ms: 0 }; }, async save() {} }, address: '127.0.0.1:0' });
const ex = connectExchange({ address: server.address, workerName: 'w', fingerprint: () => ({ frozenDigest: 'f', engineVersion: 't' }) });
await ex.join();
const out = { pull: [], push: [], pullGc: [], pushGc: [] };
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e6; };
for (let i = 0; i < 8; i++) {
  const a = await ex.next(); if (a.kind !== 'lease') break;
  gc = 0; let b = cpu();
  const p = await ex.pull({ stage: 0, version: a.lease.version, have: null });
  out.pull.push(cpu() - b); await new Promise(r => setTimeout(r, 5)); out.pullGc.push(gc);
  gc = 0; b = cpu();
  await ex.push({ lease: a.lease, gradients: p, labelTokens: 5, lossSum: 5, timings: {} });
  out.push.push(cpu() - b);  out.pushGc.push(gc);
}
const f = (a) => a.map((x) => x.toFixed(2)).join(' ');
console.log(bytes.toFixed(0), 'MB; pull cpu', f(out.pull), '| best', (bytes / Math.min(...out.pull)).toFixed(0), 'MB/cpu-s; push cpu', f(out.push), '| best', (bytes / Math.min(...out.push)).toFixed(0), 'gc ms', f(out.pullGc), f(out.pushGc));
process.exit(0);
