import { latestSnapshotName, writeAtomic } from '@llava-ts/checkpoint';
import {
  readTlsFolder,
  readTokenFile,
  startParameterServer,
  startShardServer,
  weightsDigest,
  type LanePlace,
  type ParameterServer,
  type RunEnd,
  type TlsFiles,
} from '@llava-ts/exchange';
import { resolveConfig } from '@llava-ts/recipes';
import { LlavaError, errorLine, type Logger } from '@llava-ts/telemetry';
import {
  createRunRecorder,
  exportModel,
  openRun,
  readRunSnapshot,
  shardOfRun,
  shardPieces,
  snapshotsFolder,
  type OpenRun,
  type RunConfig,
  type RunSnapshot,
  type ShardPieces,
} from '@llava-ts/trainer';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ParameterServerEvent } from './events.js';
import type { Flags } from './flags.js';

const LOOPBACK = /^(127\.|localhost$)/;

/** What a server process works with. */
export interface ServeOptions {
  readonly flags: Flags;
  readonly logger: Logger;
  readonly emit: (event: ParameterServerEvent) => void;
  /** Ends the run early, after a snapshot. */
  readonly signal: AbortSignal;
}

/** Serves a run, or one shard of it, from its configuration file to its exported model; returns how it ended. */
export async function serveRun(options: ServeOptions): Promise<'done' | 'stopped'> {
  const { flags, signal } = options;
  if (flags.shard > 0) return serveShard(options);
  let { listen, healthPort, resume } = flags;
  for (;;) {
    const { ended, server } = await serveOnce({ ...options, flags: { ...flags, listen, healthPort, resume } });
    if (ended !== 'rewound') return ended;
    // A shard has lost what it held: everybody goes back to the last snapshot, or to the beginning.
    if (signal.aborted) return 'stopped';
    resume = 'auto';
    listen = server.address; // workers know it
    healthPort = server.healthPort;
  }
}

async function serveOnce({
  flags,
  logger,
  emit,
  signal,
}: ServeOptions): Promise<{ ended: RunEnd; server: ParameterServer }> {
  const { outDir, cacheDir, listen, healthPort, shards, shardAddresses } = flags;
  const config = await resolveConfig({ file: flags.configFile });
  const { run, pieces, outline } = await openShard(config, { cacheDir, place: { index: 0, shards } });
  const { runId, resumed } = await findStart(run, { flags, logger, ...(shards > 1 && { pieces }) });
  const serving: { server: ParameterServer | null } = { server: null };
  const recorder = await createRunRecorder({
    outDir,
    runId,
    run,
    shards,
    now: () => performance.now(),
    addFiles: async (folder) => (await serving.server?.saveParts(folder)) ?? {},
    onSaveFailed: (error) => logger.error(`no snapshot, training goes on: ${errorLine(error)}`),
    ...(resumed && { resumed }),
  });
  const server = await startParameterServer({
    run,
    runId,
    recorder,
    address: listen,
    frozenDigest: await weightsDigest([config.model.vision, config.model.decoder]),
    logger,
    onStep: (record) => emit({ event: 'step', ...record }),
    ...(resumed && { resumed }),
    ...(await securityOf(flags)),
    ...lanePlace(flags),
    ...(shards > 1 && { others: { addresses: shardAddresses, pieces } }),
    ...(healthPort !== null && { health: { host: hostOf(listen), port: healthPort } }),
  });
  serving.server = server;
  await announce(server, { runId, flags, emit });
  const ended = await endRun(server, { outline, outDir, emit, signal });
  return { ended, server };
}

/** What a shard holds of a run, and the whole run without its values: they would take as much memory again for as long as it goes on. */
async function openShard(
  config: RunConfig,
  { cacheDir, place }: { cacheDir: string; place: { index: number; shards: number } },
): Promise<{ run: OpenRun; pieces: ShardPieces; outline: OpenRun }> {
  const whole = await openRun(config, { cacheDir });
  const tensors = new Map(
    [...whole.tensors].map(([name, { shape }]) => [name, { shape, parameter: new Float32Array() }]),
  );
  return { run: shardOfRun(whole, place), pieces: shardPieces(whole, place), outline: { ...whole, tensors } };
}

/** One of the shards behind the first: it knows the run from the configuration, and what to do from the coordinator. */
async function serveShard({ flags, logger, emit, signal }: ServeOptions): Promise<'done' | 'stopped'> {
  const { outDir, cacheDir, listen, healthPort, shard: index, shards } = flags;
  const config = await resolveConfig({ file: flags.configFile });
  const place = { index, shards };
  const open = (): ReturnType<typeof openShard> => openShard(config, { cacheDir, place });
  const server = await startShardServer({
    ...place,
    open,
    outDir,
    address: listen,
    logger,
    ...(await securityOf(flags)),
    ...lanePlace(flags),
    ...(healthPort !== null && { health: { host: hostOf(listen), port: healthPort } }),
  });
  await announce(server, { runId: null, flags, emit });
  const stop = (): void => void server.stop();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const ended = await server.finished;
  emit({ event: 'end', ended, stage: null, step: null, modelDir: null });
  return ended;
}

/** A new run, or the one that a snapshot is of. */
async function findStart(
  run: OpenRun,
  { flags: { outDir, resume }, logger, pieces }: Pick<ServeOptions, 'flags' | 'logger'> & { pieces?: ShardPieces },
): Promise<{ runId: string; resumed: RunSnapshot | null }> {
  const folder = snapshotsFolder(outDir);
  const begin = resume === null || (resume === 'auto' && (await latestSnapshotName(folder)) === null);
  if (resume === null && (await latestSnapshotName(folder)) !== null) {
    throw new LlavaError('refused', `${outDir}: holds a run already; go on with --resume auto, or give another --out`);
  }
  if (begin) return { runId: randomUUID(), resumed: null };
  const { runId, snapshot } = await readRunSnapshot(folder, run, {
    name: resume === 'auto' ? 'latest' : resume,
    logger,
    ...(pieces && { pieces }),
  });
  logger.info('going on from a snapshot', { runId, stage: snapshot.position.stage, step: snapshot.position.step });
  return { runId, resumed: snapshot };
}

async function announce(
  server: Pick<ParameterServer, 'address' | 'healthPort'>,
  { runId, flags, emit }: Pick<ServeOptions, 'flags' | 'emit'> & { runId: string | null },
): Promise<void> {
  const { address, healthPort } = server;
  const ready = { event: 'ready', address, healthPort, runId, pid: process.pid } as const;
  if (flags.readyFile !== null) await writeAtomic(flags.readyFile, `${JSON.stringify(ready)}\n`);
  emit(ready);
}

async function endRun(
  server: ParameterServer,
  { outline, outDir, emit, signal }: Pick<ServeOptions, 'emit' | 'signal'> & { outline: OpenRun; outDir: string },
): Promise<RunEnd> {
  const stop = (): void => void server.stop({ reason: String(signal.reason), workers: 'wait' });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const ended = await server.finished.finally(() => signal.removeEventListener('abort', stop));
  if (ended === 'rewound') return ended;
  const { position } = server.snapshot();
  const modelDir = ended === 'done' ? join(outDir, 'model') : null;
  if (modelDir !== null) {
    // The last snapshot has what all shards hold.
    const { snapshot } = await readRunSnapshot(snapshotsFolder(outDir), outline);
    await exportModel(modelDir, outline.config, snapshot.parameters);
  }
  emit({ event: 'end', ended, ...position, modelDir });
  return ended;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

function lanePlace({ lane, listen }: Flags): { lane?: LanePlace } {
  const host = hostOf(listen);
  if (lane === null || (lane === 'auto' && !LOOPBACK.test(host))) return {};
  if (typeof lane === 'string' && lane !== 'auto') return { lane: { path: lane } };
  return { lane: { host, port: typeof lane === 'number' ? lane : 0 } };
}

async function securityOf({ tlsDir, tokenFile }: Flags): Promise<{ tls?: TlsFiles; token?: string }> {
  return {
    ...(tlsDir !== null && { tls: await readTlsFolder(tlsDir) }),
    ...(tokenFile !== null && { token: await readTokenFile(tokenFile) }),
  };
}
