import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { mainFile as serverFile } from '@llava-ts/parameter-server';
import type { ParameterServerEvent } from '@llava-ts/parameter-server';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { openDataset } from '@llava-ts/trainer';
import { mainFile as workerFile } from '@llava-ts/worker';

import { note } from '../context.js';
import type { CliContext } from '../context.js';
import { startProgram } from './child-program.js';
import type { ChildProgram, ProgramOptions } from './child-program.js';
import { GETTING_READY } from './training-run.js';
import type { DistributedRun, TrainingOutcome, TrainingRun } from './training-run.js';

/** How long a program may take to end in order, e.g. to write a snapshot. */
const GRACE_MS = 20_000;
/** How long workers may take to notice that the run is over. */
const FAREWELL_MS = 5000;

/**
 * Trains with a parameter server and workers, each a process, on loopback. A worker that dies loses only its lease; when the
 * last one or the server dies the run fails. Nothing outlives this call.
 * @throws LlavaError what server or workers complain of; `cancelled` when the context's signal ended it, after a snapshot
 */
export async function trainWithWorkers(run: DistributedRun, context: CliContext): Promise<TrainingOutcome> {
  for (const stage of run.config.stages) await (await openDataset(stage.data, run)).close(); // once, not by each process at the same time
  const folder = await mkdtemp(join(tmpdir(), 'llava-run-'));
  const crew: Crew = {
    run,
    context,
    configFile: join(folder, 'config.json'),
    programs: [],
    tlsDir: run.tls === true ? join(folder, 'tls') : null,
  };
  const stopAll = (): void => void stopPrograms(crew);
  context.signal.addEventListener('abort', stopAll);
  try {
    await writeFile(crew.configFile, JSON.stringify(run.config));
    if (crew.tlsDir !== null) await secure(crew.tlsDir);
    const modelDir = await conduct(crew);
    return { modelDir, peakBytes: Math.max(...crew.programs.map((program) => program.peakBytes())) };
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new LlavaError('cancelled', `stopped; go on with: llava train --out ${run.outDir} --resume`);
  } finally {
    context.signal.removeEventListener('abort', stopAll);
    await stopPrograms(crew);
    await rm(folder, { recursive: true, force: true });
  }
}

/** A run with the programs that work on it. */
interface Crew {
  readonly run: DistributedRun;
  readonly context: CliContext;
  readonly configFile: string;
  /** Holds a folder per role and the run token; null for plaintext. */
  readonly tlsDir: string | null;
  /** Everything that was started, the server first. */
  readonly programs: ChildProgram[];
}

async function secure(folder: string): Promise<void> {
  const { createCertificates } = await import('@llava-ts/exchange/certificates');
  await createCertificates(folder, { days: 365 });
  await writeFile(join(folder, 'token'), randomBytes(32).toString('hex'), { mode: 0o600 });
}

function entryFlags({ tlsDir }: Crew, role: 'server' | 'worker'): string[] {
  return tlsDir === null ? [] : ['--tls-dir', join(tlsDir, role), '--token-file', join(tlsDir, 'token')];
}

async function stopPrograms({ programs }: Crew): Promise<void> {
  await Promise.all(programs.map((program) => program.stop(GRACE_MS)));
}

async function conduct(crew: Crew): Promise<string> {
  const { run, context } = crew;
  const made: { modelDir: string | null } = { modelDir: null };
  const others = await startShards(crew);
  const { server, address } = startServer(crew, {
    shard: 0,
    others,
    onEvent: (event) => {
      if (event.event === 'step') showStep(run, event);
      if (event.event === 'end') made.modelDir = event.modelDir;
    },
  });
  const found = await Promise.race([address, server.ended]);
  if (context.signal.aborted || found === undefined) throw new LlavaError('cancelled', 'stopped before the run began');
  run.onServer?.(found, crew.tlsDir);
  run.onProgress(GETTING_READY);
  const team = Array.from({ length: run.workers }, (_, index) => startWorker(crew, index, found));
  await Promise.race([server.ended, noneLeft(team, crew)]);
  if (made.modelDir === null) throw new LlavaError('internal', 'the parameter server ended without a model');
  const farewell = Promise.allSettled(team.map((worker) => worker.ended)); // they have heard that the run is over
  await Promise.race([farewell, delay(FAREWELL_MS, undefined, { ref: false })]);
  return made.modelDir;
}

/** Starts the shards behind the first. @returns where they are */
function startShards(crew: Crew): Promise<string[]> {
  const shards = Array.from({ length: (crew.run.shards ?? 1) - 1 }, (_, index) => index + 1);
  const started = shards.map(async (shard) => {
    const { server, address } = startServer(crew, { shard, others: [], onEvent: () => undefined });
    const found = await Promise.race([address, server.ended]);
    if (found === undefined) throw new LlavaError('unavailable', `shard ${shard} ended before the run began`);
    return found;
  });
  return Promise.all(started);
}

/** Starts one process of the parameter server; the first shard coordinates and has to know the others. */
function startServer(
  crew: Crew,
  options: { shard: number; others: readonly string[]; onEvent: (event: ParameterServerEvent) => void },
): { server: ChildProgram; address: Promise<string> } {
  const { run, configFile } = crew;
  const { shard, others, onEvent } = options;
  const shards = run.shards ?? 1;
  const places = ['--config', configFile, '--out', run.outDir, '--cache', run.cacheDir, '--listen', '127.0.0.1:0'];
  const place = ['--shard', String(shard), '--shards', String(shards)];
  const addresses = others.flatMap((address) => ['--shard-address', address]);
  let found: (address: string) => void = () => undefined;
  const address = new Promise<string>((resolve) => (found = resolve));
  const server = start<ParameterServerEvent>(crew, {
    name: shards === 1 ? 'parameter server' : `shard ${shard}`,
    mainFile: serverFile,
    args: [
      ...places,
      ...place,
      ...addresses,
      ...entryFlags(crew, 'server'),
      ...(run.resume && shard === 0 ? ['--resume', 'latest'] : []),
    ],
    onEvent: (event) => {
      if (event.event === 'ready') found(event.address);
      onEvent(event);
    },
  });
  return { server, address };
}

/** The threads of this machine are shared out, so that workers do not wait for each other's. */
function startWorker(crew: Crew, index: number, address: string): ChildProgram {
  const { workers, cacheDir } = crew.run;
  const threads = String(Math.max(1, Math.floor(availableParallelism() / workers)));
  const name = `worker-${index}`;
  const args = [
    '--server',
    address,
    '--name',
    name,
    '--config',
    crew.configFile,
    '--cache',
    cacheDir,
    '--threads',
    threads,
    ...entryFlags(crew, 'worker'),
  ];
  return start(crew, { name, mainFile: workerFile, args, onEvent: () => undefined });
}

function start<E>({ run, context, programs }: Crew, options: Omit<ProgramOptions<E>, 'env' | 'onNote'>): ChildProgram {
  const onNote = run.onNote ?? ((line) => note(context, line));
  const program = startProgram<E>({ ...options, env: context.environment.variables, onNote });
  programs.push(program);
  return program;
}

/** Rejects when no worker is left that could go on; a worker that ends well has seen the end of the run. */
async function noneLeft(team: readonly ChildProgram[], { run, context }: Crew): Promise<never> {
  const complain = run.onNote ?? ((line) => note(context, line));
  const watched = team.map(async (worker, index) => {
    const error: unknown = await worker.ended.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error !== null && !context.signal.aborted) complain(`worker-${index} is gone: ${errorLine(error)}`);
    return error;
  });
  const ends = await Promise.all(watched);
  if (ends.includes(null)) return new Promise<never>(() => undefined);
  throw ends[0];
}

function showStep(
  run: TrainingRun,
  { event: _event, ...record }: Extract<ParameterServerEvent, { event: 'step' }>,
): void {
  run.onStep?.(record);
  const note = `loss ${record.loss.toFixed(3)}`;
  run.onProgress({ task: `stage ${record.stage}`, done: record.step, total: record.steps, unit: 'steps', note });
}
