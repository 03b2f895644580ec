import { connectExchange } from '@llava-ts/exchange';
import type { GradientExchange, Lease } from '@llava-ts/trainer';
import { setTimeout as delay } from 'node:timers/promises';
import { createUsage, reply, taskOf } from './crew.js';
import { secure, type Security } from './security.js';

/** A worker that pulls, waits as long as a device would compute, and pushes gradients that are there already. */
export interface WorkerTask {
  readonly address: string;
  readonly name: string;
  readonly computeMs: number;
  readonly security: Security | null;
}

/** Milliseconds of one lease. */
export interface LeaseTimes {
  readonly step: number;
  readonly pullMs: number;
  readonly pushMs: number;
  readonly atMs: number;
}

const task = await taskOf<WorkerTask>();
const exchange: GradientExchange = connectExchange({
  address: task.address,
  workerName: task.name,
  fingerprint: () => ({ frozenDigest: 'bench', engineVersion: 'bench' }),
  ...(await secure(task.security, 'workerFolder')),
});

async function work(lease: Lease): Promise<LeaseTimes> {
  const started = performance.now();
  const parameters = await exchange.pull({ stage: lease.stage, version: lease.version, have: null });
  const pulled = performance.now();
  if (task.computeMs > 0) await delay(task.computeMs);
  const computed = performance.now();
  // Any finite numbers will do as gradients.
  await exchange.push({ lease, gradients: parameters, labelTokens: 10, lossSum: 1, timings: {} });
  const pushed = performance.now();
  return {
    step: lease.step,
    pullMs: pulled - started,
    pushMs: pushed - computed,
    atMs: performance.timeOrigin + pushed,
  };
}

await exchange.join();
const usage = createUsage();
const leases: LeaseTimes[] = [];
for (;;) {
  const assignment = await exchange.next();
  if (assignment.kind === 'done') break;
  if (assignment.kind === 'lease') leases.push(await work(assignment.lease));
}
reply({ ...usage(), leases, done: 1 });
await exchange.leave('done');
