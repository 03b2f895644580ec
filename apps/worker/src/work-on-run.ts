import enginePackage from '@llava-ts/engine/package.json' with { type: 'json' };
import {
  connectExchange,
  readTlsFolder,
  readTokenFile,
  weightsDigest,
  type WorkerFingerprint,
} from '@llava-ts/exchange';
import { parseConfig, resolveConfig } from '@llava-ts/recipes';
import type { Logger } from '@llava-ts/telemetry';
import {
  createModelHost,
  runWorker,
  type GradientExchange,
  type RunConfig,
  type WorkerReport,
} from '@llava-ts/trainer';
import type { Environment } from './environment.js';
import type { WorkerEvent } from './events.js';
import type { Flags } from './flags.js';

/** What a worker process works with. */
export interface WorkOptions {
  readonly flags: Flags;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly emit: (event: WorkerEvent) => void;
  /** Ends the work: the lease is handed back. */
  readonly signal: AbortSignal;
}

/** Works for a parameter server until its run is over; computing goes on in a thread of its own. */
export async function workOnRun({ flags, environment, logger, emit, signal }: WorkOptions): Promise<WorkerReport> {
  const exchange = await connect({ flags, environment, logger, signal });
  const host = createModelHost({ cacheDir: flags.cacheDir });
  try {
    const report = await runWorker(exchange, host, {
      signal,
      onProgress: (progress) => emit({ event: 'lease', ...progress }),
    });
    emit({ event: 'end', ...report });
    return report;
  } finally {
    await host.close();
  }
}

async function connect({ flags, environment, logger, signal }: Omit<WorkOptions, 'emit'>): Promise<GradientExchange> {
  const { server, configFile, patienceMs } = flags;
  let config: RunConfig | null = configFile === null ? null : await resolveConfig({ file: configFile });
  return connectExchange({
    address: server,
    workerName: flags.name ?? `${environment.hostName ?? 'worker'}-${process.pid}`,
    fingerprint: () => fingerprintOf(config),
    parseConfig: (json) => (config = parseConfig(json, `sent by ${server}`)),
    patienceMs,
    ...(flags.tlsDir !== null && { tls: await readTlsFolder(flags.tlsDir) }),
    ...(flags.tokenFile !== null && { token: await readTokenFile(flags.tokenFile) }),
    logger,
    signal,
    ...(config !== null && { expectedConfig: config }),
    ...(environment.incarnation !== null && { incarnation: environment.incarnation }),
  });
}

async function fingerprintOf(config: RunConfig | null): Promise<WorkerFingerprint> {
  const folders = config === null ? [] : [config.model.vision, config.model.decoder];
  return {
    frozenDigest: await weightsDigest(folders),
    engineVersion: `engine ${enginePackage.version} on ${process.arch}`,
  };
}
