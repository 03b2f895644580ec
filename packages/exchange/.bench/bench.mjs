import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { toyRun, memoryRecorder, toyHost, toyResult } from './testing/toy-run.js';
import { connectExchange, startParameterServer } from '@llava-ts/exchange';
import { runWorker } from '@llava-ts/trainer';
const [role, address, index] = process.argv.slice(2);
const hidden = Number(process.env.HIDDEN ?? 1024), chunkBytes = Number(process.env.CHUNK ?? 524288);
const workers = Number(process.env.WORKERS ?? 1);
const make = () => toyRun({ hidden, samples: 80, exchange: { chunkBytes, heartbeatMs: 500, leaseTimeoutMs: 60000 }, stages: [{ trainable: ['projector', 'decoder'], leasesPerStep: 2 }] });
if (role === 'worker') {
  const grads = new Map(); let mb = 0;
  const exchange = connectExchange({ address, workerName: `w${index}`, fingerprint: () => ({ frozenDigest: 'f', engineVersion: 't' }) });
  const host = { async prepare() {}, async update(p) { mb = 0; for (const [n, v] of p) { mb += v.byteLength / 1e6; if (!grads.has(n)) grads.set(n, new Float32Array(v.length).fill(1e-3)); } },
    async compute(lease) { return { lease, gradients: grads, labelTokens: 10, lossSum: 10, timings: {} }; }, async close() {} };
  const times = { pull: [], push: [] };
  const wrapped = { ...exchange, pull: async (w, s) => { const t = performance.now(); const r = await exchange.pull(w, s); if (r.size) times.pull.push(performance.now() - t); return r; }, push: async (r, s) => { const t = performance.now(); const o = await exchange.push(r, s); times.push.push(performance.now() - t); return o; } };
  await runWorker(wrapped, host);
  const med = (a) => a.sort((x, y) => x - y)[Math.floor(a.length / 2)];
  console.log(`worker ${index}: ${mb.toFixed(0)} MB; pull ${(mb / med(times.pull) * 1000).toFixed(0)} MB/s (median of ${times.pull.length}); push ${(mb / med(times.push) * 1000).toFixed(0)} MB/s (median of ${times.push.length}); rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  process.exit(0);
} else {
  const run = make();
  const bytes = [...run.tensors.values()].reduce((s, t) => s + t.parameter.byteLength, 0);
  let at = performance.now(); const ms = [];
  const server = await startParameterServer({ run, runId: 'b', recorder: { async step(f) { return { ...f, ms: 0 }; }, async save() {} }, address: '127.0.0.1:0', onStep: () => { ms.push(performance.now() - at); at = performance.now(); } });
  for (let i = 0; i < workers; i++) spawn(process.execPath, [process.argv[1], 'worker', server.address, String(i)], { stdio: 'inherit', env: process.env });
  await server.finished;
  ms.sort((a, b) => a - b);
  console.log(`server: ${(bytes / 1e6).toFixed(0)} MB, chunk ${chunkBytes}, ${workers} workers, 2 leases a step: ${ms[Math.floor(ms.length / 2)].toFixed(0)} ms a step; rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB (max ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)})`);
  process.exit(0);
}
