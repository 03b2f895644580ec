import { latestSnapshotName, writeAtomic } from '@llava-ts/checkpoint';
import {
  readTlsFolder,
  readTokenFile,
  startParameterServer,
  weightsDigest,
  type LanePlace,
  type ParameterServer,
} from '@llava-ts/exchange';
import { resolveConfig } from '@llava-ts/recipes';
import { LlavaError, type Logger } from '@llava-ts/telemetry';
import {
  createRunRecorder,
  exportModel,
  openRun,
  readRunSnapshot,
  snapshotsFolder,
  type OpenRun,
  type RunSnapshot,
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

/** Serves a run from its configuration file to its exported model; returns how it ended. */
export async function serveRun({ flags, logger, emit, signal }: ServeOptions): Promise<'done' | 'stopped'> {
  const { outDir, cacheDir, listen, healthPort } = flags;
  const config = await resolveConfig({ file: flags.configFile });
  const run = await openRun(config, { cacheDir });
  const { runId, resumed } = await findStart(run, flags, logger);
  const recorder = await createRunRecorder({
    outDir,
    runId,
    run,
    now: () => performance.now(),
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
    ...(flags.tlsDir !== null && { tls: await readTlsFolder(flags.tlsDir) }),
    ...(flags.tokenFile !== null && { token: await readTokenFile(flags.tokenFile) }),
    ...lanePlace(flags),
    ...(healthPort !== null && { health: { host: hostOf(listen), port: healthPort } }),
  });
  await announce(server, { runId, flags, emit });
  return endRun(server, { run, outDir, emit, signal });
}

/** A new run, or the one that a snapshot is of. */
async function findStart(
  run: OpenRun,
  { outDir, resume }: Flags,
  logger: Logger,
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
  });
  logger.info('going on from a snapshot', { runId, stage: snapshot.position.stage, step: snapshot.position.step });
  return { runId, resumed: snapshot };
}

async function announce(
  server: ParameterServer,
  { runId, flags, emit }: Pick<ServeOptions, 'flags' | 'emit'> & { runId: string },
): Promise<void> {
  const { address, healthPort } = server;
  const ready = { event: 'ready', address, healthPort, runId, pid: process.pid } as const;
  if (flags.readyFile !== null) await writeAtomic(flags.readyFile, `${JSON.stringify(ready)}\n`);
  emit(ready);
}

async function endRun(
  server: ParameterServer,
  { run, outDir, emit, signal }: Pick<ServeOptions, 'emit' | 'signal'> & { run: OpenRun; outDir: string },
): Promise<'done' | 'stopped'> {
  const stop = (): void => void server.stop({ reason: String(signal.reason), workers: 'wait' });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const ended = await server.finished;
  const { position, parameters } = server.snapshot();
  const modelDir = ended === 'done' ? join(outDir, 'model') : null;
  if (modelDir !== null) await exportModel(modelDir, run.config, parameters);
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
