import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveConfig } from '@llava-ts/recipes';
import { freePort, startProcess } from './processes.mjs';

const { resolve } = createRequire(import.meta.url);
const SERVER = resolve('../../apps/parameter-server/dist/main.js');
const WORKER = new URL('./toy-worker.mjs', import.meta.url);
const SAMPLES = 8;
const EPOCHS = 2;
const MOST_RESTARTS = 8;
/** No process of so small a run needs more. */
const MEMORY_BOUND_BYTES = 900 * 2 ** 20;

/** Prepares a run of the preset tiny's model on eight samples, two stages of four steps; its pictures are never looked at. */
export async function prepareRun() {
  const folder = await mkdtemp(join(tmpdir(), 'llava-faults-'));
  const json = join(folder, 'samples.json');
  const turns = [
    { from: 'human', value: '<image>\nWhat is it?' },
    { from: 'gpt', value: 'a cube' },
  ];
  const samples = Array.from({ length: SAMPLES }, (_, id) => ({
    id: String(id),
    image: `${id}.png`,
    conversations: turns,
  }));
  await writeFile(json, JSON.stringify(samples));
  const tiny = await resolveConfig({ preset: 'tiny' });
  const portions = { data: { json, images: folder }, epochs: EPOCHS, globalBatchSamples: 4, leasesPerStep: 4 };
  const config = {
    ...tiny,
    stages: tiny.stages.map((stage) => ({ ...stage, ...portions })),
    train: { steps: null, snapshotEverySteps: 2, keepSnapshots: 3 },
    exchange: { ...tiny.exchange, leaseTimeoutMs: 2000, heartbeatMs: 100 },
  };
  return { folder, config, close: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * A coordinator, the other shards and the workers of a run, each a process that is started again when it dies, as Kubernetes would.
 * `server.fault`, `shard.fault` and `worker.fault` are points to die at, for the first process of that role alone.
 */
export async function startCluster(run, options = {}) {
  const { shards = 1, workers = 2, config = {}, server = {}, shard = {}, worker = {}, through, out } = options;
  const outDir = out ?? (await mkdtemp(join(run.folder, 'out-')));
  const configFile = join(run.folder, `config-${Math.random().toString(36).slice(2)}.json`);
  await writeFile(
    configFile,
    JSON.stringify({
      ...run.config,
      ...config,
      train: { ...run.config.train, ...config.train },
      exchange: { ...run.config.exchange, ...config.exchange },
    }),
  );
  const ports = await Promise.all(Array.from({ length: shards }, freePort));
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const all = [];
  /** A lane goes past proxies, and has no such points. */
  const grpcAlone = through !== undefined || worker.fault?.startsWith('push.') === true;
  const roles = new Map();
  let closing = false;

  /** Keeps one process of a role alive. `start` is called with whether it is the first. */
  function keep(name, start, restart = true) {
    const role = { name, process: null, restarts: 0, done: null };
    roles.set(name, role);
    role.done = (async () => {
      for (let first = true; ; first = false) {
        role.process = start(first);
        all.push(role.process);
        const { status } = await role.process.ended;
        if (closing || status === 0 || !restart || role.restarts >= MOST_RESTARTS || role.final) return status;
        role.restarts += 1;
        await delay(100);
      }
    })();
    return role;
  }

  const serverArgs = (index) => [
    ...['--config', configFile, '--out', outDir, '--cache', run.folder, '--listen', addresses[index]],
    ...['--shards', String(shards), '--shard', String(index)],
    ...['--lane', grpcAlone ? 'off' : 'auto'],
    ...(index === 0
      ? ['--resume', 'auto', ...addresses.slice(1).flatMap((address) => ['--shard-address', address])]
      : []),
  ];
  const startServer = (index) => {
    const special = index === 0 ? server : index === 1 ? shard : {};
    const { node, env, ...only } = special;
    return keep(index === 0 ? 'server' : `shard-${index}`, (first) =>
      startProcess(index === 0 ? 'server' : `shard-${index}`, SERVER, serverArgs(index), {
        env,
        ...(first && { ...only, node }),
      }),
    );
  };
  for (let index = shards - 1; index >= 0; index--) startServer(index);
  const address = through === undefined ? addresses[0] : await through(ports[0]);
  const startWorker = (name, special = {}) =>
    keep(name, (first) => startProcess(name, WORKER, [address, name], first ? special : {}), special.restart ?? true);
  for (let index = 0; index < workers; index++) startWorker(`worker-${index}`, index === 0 ? worker : {});

  const at = (name) => roles.get(name);
  const cluster = {
    outDir,
    roles,
    at,
    startWorker,
    address,
    /** Waits for an event of the process that has a role now, whichever that is by then. */
    async event(name, fits, limitMs = 30_000) {
      const untilMs = Date.now() + limitMs;
      while (Date.now() < untilMs) {
        const found = all
          .filter((process) => process.name === name)
          .flatMap(({ events }) => events)
          .find(fits);
        if (found !== undefined) return found;
        await delay(10);
      }
      throw new Error(`${name}: no such event in ${limitMs} ms; ${tail(all)}`);
    },
    step: (stage, step) =>
      cluster.event('server', (event) => event.event === 'step' && event.stage === stage && event.step >= step),
    log: () => all.flatMap((process) => process.log.map((line) => `${process.name}: ${line}`)),
    async finish(limitMs = 60_000) {
      const timeout = delay(limitMs, 'timeout', { ref: false });
      const status = await Promise.race([at('server').done, timeout]);
      if (status === 'timeout') throw new Error(`did not end within ${limitMs} ms; ${tail(all)}`);
      return status;
    },
    async close() {
      closing = true;
      for (const { process } of roles.values()) process?.kill();
      await Promise.all([...roles.values()].map(({ done }) => done));
      await rm(configFile, { force: true });
    },
    peakBytes: () => Math.max(...all.map((process) => process.peakBytes())),
  };
  return cluster;
}

const tail = (processes) =>
  processes
    .map(({ name, log, events }) => `${name}: ${log.slice(-2).join(' / ')} ${JSON.stringify(events.at(-1) ?? '')}`)
    .join('; ')
    .slice(0, 900);

/** SHA-256 of the exported model; null when there is none. */
export async function modelDigest({ outDir }) {
  const file = join(outDir, 'model', 'model.safetensors');
  if (!existsSync(file)) return null;
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

/**
 * What every run must keep, whatever was done to it: the parameters of the undisturbed run bit for bit, each step once and in order with all its
 * samples, bounded memory.
 * @returns what is wrong
 */
export async function checkRun(run, cluster, expected) {
  const problems = [];
  const digest = await modelDigest(cluster);
  if (digest !== expected) problems.push(digest === null ? 'no model' : 'other parameters than the undisturbed run');
  const lines = (await readFile(join(cluster.outDir, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const steps = (SAMPLES * EPOCHS) / 4;
  const order = lines.map(({ stage, step }) => `${stage} ${step}`).join(', ');
  const wanted = run.config.stages
    .flatMap(({ name }) => Array.from({ length: steps }, (_, step) => `${name} ${step + 1}`))
    .join(', ');
  if (order !== wanted) problems.push(`ledger: ${order}`);
  const samples = lines.reduce((sum, line) => sum + line.samples, 0);
  if (samples !== SAMPLES * EPOCHS * run.config.stages.length) problems.push(`ledger: ${samples} samples`);
  const peak = cluster.peakBytes();
  if (peak > MEMORY_BOUND_BYTES) problems.push(`${Math.round(peak / 2 ** 20)} MiB in a process`);
  return problems;
}

/** A folder on a file system of its own that is soon full; null where the machine does not allow it. */
export async function smallFolder(run, megabytes) {
  const { execFile } = await import('node:child_process');
  const folder = join(run.folder, 'small');
  await mkdir(folder, { recursive: true });
  const done = await new Promise((settle) =>
    execFile('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], (error) => settle(error === null)),
  );
  return done
    ? { folder, close: () => new Promise((settle) => execFile('umount', ['-l', folder], () => settle())) }
    : null;
}
