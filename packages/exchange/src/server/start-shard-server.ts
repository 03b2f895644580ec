import { loadLlavaV1 } from '@llava-ts/protos';
import { silentLogger, type Logger } from '@llava-ts/telemetry';
import type { OpenRun, ShardPieces } from '@llava-ts/trainer';
import { createDeferred } from '../deferred.js';
import { fastParametersService } from '../wire/parts.js';
import type { TlsFiles } from '../wire/tls-files.js';
import { createAccess, guarded } from './access.js';
import { startHealthServer } from './health.js';
import { startLaneServer, type LanePlace } from './lane-server.js';
import { createServer, listen, serverSecurity, shutDown } from './listen.js';
import { parametersHandlers } from './parameters-service.js';
import { createShardHost } from './shard-host.js';
import { shardLinkHandlers } from './shard-link-service.js';

/** Settings of a shard in a process of its own. */
export interface ShardServerOptions {
  /** From 1; the first shard is in the coordinator's process, see `startParameterServer`. */
  readonly index: number;
  readonly shards: number;
  /** Opens what this shard holds of the run, with its initial values: once now, and again for every further coordinator. */
  readonly open: () => Promise<{ readonly run: OpenRun; readonly pieces: ShardPieces }>;
  /** The run's output folder, the same for all shards: snapshots are there. */
  readonly outDir: string;
  /** `host:port`; port 0 takes any free one. Without certificates it must be on the loopback interface. */
  readonly address: string;
  /** Address of `grpc.health.v1`, plaintext; none when absent. */
  readonly health?: { readonly host: string; readonly port: number };
  readonly tls?: TlsFiles;
  readonly token?: string;
  /** As for `startParameterServer`. */
  readonly lane?: LanePlace;
  readonly advertisedLane?: string;
  readonly logger?: Logger;
}

/** A running shard. */
export interface ShardServer {
  readonly address: string;
  readonly healthPort: number | null;
  /** Resolves when the run is over, or when it was told to stop, and it has shut down. */
  readonly finished: Promise<'done' | 'stopped'>;
  stop(): Promise<void>;
}

const SHUTDOWN_GRACE_MS = 500;
const HEALTH_MS = 1000;
/** After the end of the run, so that answers that are on their way arrive. */
const FAREWELL_MS = 100;

/**
 * Starts a shard: it waits for the coordinator, which finds it by its address.
 * @throws {LlavaError} `refused` for an address that others can reach without credentials, `unavailable` when it cannot be bound
 */
export async function startShardServer(options: ShardServerOptions): Promise<ShardServer> {
  const { index, shards, open, outDir, tls = null, token = null, logger = silentLogger } = options;
  const ended = createDeferred<'done' | 'stopped'>();
  const lane = { address: '' };
  const host = await createShardHost({ index, shards, open, outDir, logger, laneAddress: () => lane.address });
  const access = createAccess({ token, certificates: tls !== null });
  const onFinish = (reason: string): void => {
    logger.info(`the coordinator says: ${reason}`);
    if (reason === 'the run is complete') setTimeout(() => ended.resolve('done'), FAREWELL_MS);
  };

  const server = createServer();
  const { ShardLink } = loadLlavaV1();
  const link = shardLinkHandlers(host, { healthMs: HEALTH_MS, onFinish });
  server.addService(ShardLink.service, guarded(access, 'ShardLink', { ...link }));
  server.addService(
    fastParametersService(),
    guarded(access, 'Parameters', parametersHandlers(host.pulls, host.pushes)),
  );
  const address = await listen(server, options.address, tls);
  const place = options.lane ?? null;
  const lanes =
    place === null
      ? null
      : await startLaneServer({
          place,
          access,
          pulls: host.pulls,
          pushes: host.pushes,
          tls: tls && serverSecurity(tls),
        });
  lane.address = lanes === null ? '' : (options.advertisedLane ?? lanes.address);
  const health =
    options.health === undefined ? null : await startHealthServer(options.health.host, options.health.port);
  health?.set('ready', true);
  logger.info(`shard ${index} of ${shards} listens on ${address}`);

  const finished = ended.promise.finally(async () => {
    health?.set('ready', false);
    await shutDown(server, SHUTDOWN_GRACE_MS);
    await lanes?.close();
    await health?.close();
    await host.close();
  });
  return {
    address,
    healthPort: health?.port ?? null,
    finished,
    async stop() {
      ended.resolve('stopped');
      await finished;
    },
  };
}
