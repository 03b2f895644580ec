import { readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { smallFolder } from './cluster.mjs';
import { startMessageProxy } from './message-proxy.mjs';
import { startProxy } from './proxy.mjs';

/**
 * A schedule: how the cluster is set up, what is done to it, and what its logs must say. `quick` ones are part of `npm test`.
 * `before` may prepare and return more settings; `act` is called when the cluster runs.
 */
const worker = (point, says) => ({ setup: { worker: { fault: point } }, says });
const coordinator = (point, says = /going on from a snapshot|no snapshot/) => ({
  setup: { server: { fault: point } },
  says,
});
const shard = (point) => ({ setup: { shards: 2, shard: { fault: point } }, says: /going back to the last snapshot/ });

export const SCHEDULES = {
  'nothing happens, 3 shards': { setup: { shards: 3 } },
  'nothing happens, 4 workers': { setup: { workers: 4 } },
  'worker killed before pull': worker('worker.lease:2', /is gone|session of worker/),
  'worker killed in compute': { ...worker('worker.computing:3', /is gone|session of worker/), quick: true },
  'worker killed in push': worker('push.chunk:40', /is gone|session of worker/),
  'worker killed after commit, before the answer': worker('push.sent:3', /is gone|session of worker/),
  'worker killed with the answer': worker('push.answered:3', /is gone|session of worker/),
  'coordinator killed in a push': { ...coordinator('push.committed:9', /going on from a snapshot/) },
  'coordinator killed before apply': coordinator('shard.apply:3', /going on from a snapshot/),
  'coordinator killed between apply and publish': coordinator('shard.applied:3', /going on from a snapshot/),
  ...Object.fromEntries(
    ['fsync.before', 'fsync.after', 'rename.before', 'rename.after'].flatMap((point) =>
      Array.from({ length: point.startsWith('fsync') ? 9 : 3 }, (_, index) => [
        `coordinator killed in a snapshot: ${point} ${index + 3}`,
        { setup: { server: { fault: `${point}:${index + 3}` } } },
      ]),
    ),
  ),
  'shard killed in a push': shard('push.committed:5'),
  'shard killed before apply': { ...shard('shard.apply:3'), quick: true },
  'shard killed between apply and publish': shard('shard.applied:3'),
  'shard killed in a snapshot, before fsync': shard('fsync.before:2'),
  'shard killed in a snapshot, after fsync': shard('fsync.after:3'),
  'everything killed': {
    setup: { shards: 2 },
    async act(cluster) {
      await cluster.step('align', 3);
      for (const { process } of cluster.roles.values()) process.kill();
    },
    says: /going on from a snapshot/,
  },
  'zombie: a worker is stopped past its lease': {
    setup: { worker: { env: { TOY_MS: '300' } } },
    async act(cluster) {
      const { process } = cluster.at('worker-0');
      await process.event(({ event }) => event === 'computing');
      process.kill('SIGSTOP');
      await cluster.step('align', 2);
      process.kill('SIGCONT');
    },
    says: /silent for more than/,
    quick: true,
  },
  'a shard is stopped for a while': {
    setup: { shards: 2 },
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.at('shard-1').process.kill('SIGSTOP');
      await delay(1500);
      cluster.at('shard-1').process.kill('SIGCONT');
    },
  },
  'the coordinator is stopped for a while': {
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.at('server').process.kill('SIGSTOP');
      await delay(1500);
      cluster.at('server').process.kill('SIGCONT');
    },
  },
  ...Object.fromEntries(
    ['Join', 'Pull', 'Push'].flatMap((method) =>
      ['request lost', 'response lost', 'delivered twice', 'delivered late'].map((fault) => [
        `${method}: ${fault}`,
        messages({ method, fault, every: 3 }),
      ]),
    ),
  ),
  'Session: cut': messages({ method: 'Session', fault: 'cut', every: 1 }),
  'connections cut over and over': through(async (proxy) => {
    const cutting = setInterval(proxy.cut, 400);
    setTimeout(() => clearInterval(cutting), 4000).unref();
  }),
  'delay of 2 ms': through(async () => {}, { delayMs: 2 }),
  'delay of 10 ms': through(async () => {}, { delayMs: 10 }),
  'disk full during a snapshot': {
    async before(run) {
      const small = await smallFolder(run, 60);
      if (small === null) return { skip: 'this machine mounts no tmpfs' };
      return { setup: { out: join(small.folder, 'out') }, filler: join(small.folder, 'filler'), close: small.close };
    },
    async act(cluster, { filler }) {
      await cluster.step('align', 1);
      await writeFile(filler, Buffer.alloc(58 * 2 ** 20)).catch(() => {});
      await cluster.at('server').process.line('no snapshot, training goes on');
      await truncate(filler, 0);
    },
    says: /no snapshot, training goes on.*full|no snapshot, training goes on/,
  },
  'newest snapshot truncated': damaged((bytes) => bytes.subarray(0, bytes.length - 100)),
  'newest snapshot with a bit flipped': {
    ...damaged((bytes) => {
      bytes[bytes.length - 50] ^= 4;
      return bytes;
    }),
  },
  'the clock jumps': {
    setup: { server: { env: { LLAVA_FAULT_CLOCK: '-86400000' } }, worker: { env: { LLAVA_FAULT_CLOCK: '86400000' } } },
  },
  'a gradient is NaN once': {
    setup: { worker: { env: { TOY_NAN: 'once' } } },
    says: /is NaN at element 0/,
  },
  'a worker whose every gradient is NaN': {
    setup: { worker: { env: { TOY_NAN: 'all' }, restart: false } },
    says: /gradient of '.*' is NaN/,
  },
  'a worker with other frozen weights': {
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.startWorker('stranger', { env: { TOY_FROZEN: 'other' }, restart: false });
    },
    says: /digest of the frozen weights/,
  },
  'two workers with one name': {
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.startWorker('worker-0', { env: { TOY_PATIENCE_MS: '500' }, restart: false });
      await cluster.event('worker-0', () => true);
    },
  },
  'below the least number of workers': {
    setup: { workers: 1, config: { exchange: { minWorkers: 2 } } },
    async act(cluster) {
      await cluster.at('server').process.line('waiting: 1 of 2 workers are there');
      cluster.startWorker('worker-1');
    },
    says: /1 of 2 workers are there/,
  },
  'SIGTERM of a worker': {
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.at('worker-0').process.kill('SIGTERM');
    },
  },
  'SIGTERM of the coordinator': {
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.at('server').process.kill('SIGTERM');
    },
    says: /going on from a snapshot/,
  },
  'SIGTERM of a shard': {
    setup: { shards: 2 },
    async act(cluster) {
      await cluster.step('align', 1);
      cluster.at('shard-1').process.kill('SIGTERM');
    },
    says: /going back to the last snapshot/,
  },
};

function through(use, options) {
  return {
    async before() {
      const made = {};
      const start = async (port) => {
        made.proxy = await startProxy(port, options);
        await use(made.proxy);
        return made.proxy.address;
      };
      return { setup: { through: start }, close: async () => made.proxy?.close() };
    },
  };
}

function messages(fault) {
  return {
    async before() {
      const made = {};
      const start = async (port) => {
        made.proxy = await startMessageProxy(`127.0.0.1:${port}`, fault);
        return made.proxy.address;
      };
      return { setup: { through: start }, close: async () => made.proxy?.close(), done: () => made.proxy.faults() > 0 };
    },
  };
}

/** The coordinator is killed, and what it wrote last is damaged before it is back. */
function damaged(damage) {
  return {
    setup: { config: { train: { snapshotEverySteps: 1 } } },
    async act(cluster) {
      await cluster.step('align', 3);
      const server = cluster.at('server');
      server.process.kill();
      await server.process.ended;
      const root = join(cluster.outDir, 'snapshots');
      const newest = (await readFile(join(root, 'latest'), 'utf8')).trim();
      const file = join(
        root,
        newest,
        (await readdir(join(root, newest))).find((name) => name.startsWith('parameters')),
      );
      await writeFile(file, damage(await readFile(file)));
    },
    says: /is damaged, trying the one before/,
  };
}
