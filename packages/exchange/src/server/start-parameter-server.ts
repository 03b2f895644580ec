import { loadLlavaV1, type RunStatusInput } from '@llava-ts/protos';
import { silentLogger, type Logger } from '@llava-ts/telemetry';
import type { WrittenFile } from '@llava-ts/checkpoint';
import type { OpenRun, RunRecorder, RunSnapshot, ShardPieces, StepRecord } from '@llava-ts/trainer';
import { fastParametersService } from '../wire/parts.js';
import { clientSecurity, type Entry } from '../client/entry.js';
import type { TlsFiles } from '../wire/tls-files.js';
import { createAccess, guarded } from './access.js';
import { controlHandlers } from './control-service.js';
import { coordinatorHandlers } from './coordinator-service.js';
import { startHealthServer } from './health.js';
import { createJoinLimit } from './join-limit.js';
import { startLaneServer, type LanePlace } from './lane-server.js';
import { createServer, listen, serverSecurity, shutDown } from './listen.js';
import { parametersHandlers } from './parameters-service.js';
import { addReflection } from './reflection.js';
import type { RunEnd, StopOptions } from './run-ending.js';
import { createRemoteShard } from './remote-shard.js';
import { createRunHost, type OtherShards, type RunHostOptions } from './run-host.js';
import type { ShardPort } from './shard-port.js';
import { statusHandlers } from './status-service.js';

/** Settings of a parameter server. */
export interface ParameterServerOptions {
  /** What is trained: configuration, plans and initial parameters, see `openRun` of `@llava-ts/trainer`. The server owns its arrays. */
  readonly run: OpenRun;
  readonly runId: string;
  /** Writes metrics and snapshots, see `createRunRecorder` of `@llava-ts/trainer`. */
  readonly recorder: RunRecorder;
  /** Where to go on from. */
  readonly resumed?: RunSnapshot;
  /** `host:port`; port 0 takes any free one. Without certificates it must be on the loopback interface. */
  readonly address: string;
  /** Address of `grpc.health.v1`, plaintext; none when absent. */
  readonly health?: { readonly host: string; readonly port: number };
  /** The server's certificate and the authority whose clients it serves, each by its role; plaintext when absent. */
  readonly tls?: TlsFiles;
  /** The run token that callers must know; none when absent. */
  readonly token?: string;
  /** Where tensors can be moved faster than over gRPC; none when absent. Who reaches the server through a proxy goes past it on a lane. */
  readonly lane?: LanePlace;
  /** The lane's address as workers reach it, when it is another one: `:port`, `host:port` or `unix:/path`. */
  readonly advertisedLane?: string;
  /** The shards in other processes, see `startShardServer`; `run` then holds the first shard's tensors (`shardOfRun`). None when absent. */
  readonly others?: { readonly addresses: readonly string[]; readonly pieces: ShardPieces };
  /** Digest of the frozen weights that workers must prove; the first worker sets it when absent. */
  readonly frozenDigest?: string;
  /** Silence after which a worker is taken for dead; five heartbeats by default. */
  readonly heartbeatTimeoutMs?: number;
  readonly onStep?: (record: StepRecord) => void;
  readonly logger?: Logger;
  readonly now?: () => number;
  /** Time of day, milliseconds since 1970. */
  readonly unixMs?: () => number;
}

/** A running parameter server: coordinator and shard 0 in one process. */
export interface ParameterServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  /** Of the lane, as workers are told; empty when there is none. */
  readonly laneAddress: string;
  readonly healthPort: number | null;
  /** Resolves when the run is over and the server has shut down; rejects when the run failed. */
  readonly finished: Promise<RunEnd>;
  status(): RunStatusInput;
  /** The state at the last step boundary; its arrays are valid until the next step is applied. */
  snapshot(): RunSnapshot;
  /** Has the other shards write their parts of a snapshot: `addFiles` of the recorder. */
  saveParts(folder: string): Promise<Record<string, WrittenFile>>;
  /** Ends early: no new leases, a snapshot of the last applied step, then shutdown. */
  stop(options: StopOptions): Promise<void>;
}

const HEARTBEATS_UNTIL_DEAD = 5;
const SHUTDOWN_GRACE_MS = 500;

/**
 * Starts a parameter server.
 * @throws {LlavaError} `refused` for an address that others can reach without credentials, `unavailable` when it cannot be bound.
 */
export async function startParameterServer(options: ParameterServerOptions): Promise<ParameterServer> {
  const {
    run,
    logger = silentLogger,
    now = () => performance.now(),
    tls = null,
    token = null,
    frozenDigest = null,
    unixMs = Date.now,
    others,
  } = options;
  const { heartbeatMs } = run.config.exchange;
  const { heartbeatTimeoutMs = HEARTBEATS_UNTIL_DEAD * heartbeatMs } = options;
  const lane = { address: '' };
  const host = await createRunHost({
    ...hostOptions(options),
    ...(others && { others: connectOthers(others, { tls, token }) }),
    unixMs,
    frozenDigest,
    heartbeatTimeoutMs,
    logger,
    now,
    laneAddress: () => lane.address,
  });
  const access = createAccess({ token, certificates: tls !== null });

  const server = createServer();
  const { Coordinator, Status, Control } = loadLlavaV1();
  server.addService(
    Coordinator.service,
    guarded(access, 'Coordinator', {
      ...coordinatorHandlers(host.coordinator, { ...host, limit: createJoinLimit(now) }),
    }),
  );
  server.addService(
    fastParametersService(),
    guarded(access, 'Parameters', parametersHandlers(host.pulls, host.pushes)),
  );
  server.addService(
    Status.service,
    guarded(access, 'Status', { ...statusHandlers({ read: host.status, history: host.history }) }),
  );
  server.addService(Control.service, guarded(access, 'Control', { ...controlHandlers(host.control) }));

  addReflection(server, access);

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
  const ticker = setInterval(() => host.tick(), heartbeatMs);
  logger.info(`parameter server listens on ${address}`, { runId: options.runId });

  const finished = host.ending.ended.finally(async () => {
    clearInterval(ticker);
    health?.set('ready', false);
    await shutDown(server, SHUTDOWN_GRACE_MS);
    await lanes?.close();
    await health?.close();
    await host.close();
  });
  finished.catch(() => {});
  return {
    address,
    laneAddress: lane.address,
    healthPort: health?.port ?? null,
    finished,
    status: host.status,
    snapshot: host.snapshot,
    saveParts: (folder) => saveParts(host.shards, folder),
    async stop(how) {
      await host.ending.stop(how);
      await finished.catch(() => {});
    },
  };
}

/** What the host needs as it was given. */
function hostOptions({
  run,
  runId,
  recorder,
  resumed,
  onStep,
}: ParameterServerOptions): Pick<RunHostOptions, 'run' | 'runId' | 'recorder' | 'resumed' | 'onStep'> {
  return { run, runId, recorder, ...(resumed && { resumed }), ...(onStep && { onStep }) };
}

function connectOthers(
  { addresses, pieces }: NonNullable<ParameterServerOptions['others']>,
  entry: Entry,
): OtherShards {
  const { credentials, options } = clientSecurity(entry);
  return {
    shards: addresses.length + 1,
    pieces,
    connect(remote) {
      const address = addresses[remote.index - 1] ?? '';
      return createRemoteShard({
        ...remote,
        address,
        client: new (loadLlavaV1().ShardLink)(address, credentials, options),
      });
    },
  };
}

async function saveParts(shards: readonly ShardPort[], folder: string): Promise<Record<string, WrittenFile>> {
  const parts = await Promise.all(shards.map((shard) => shard.save?.(folder) ?? Promise.resolve([])));
  return Object.fromEntries(parts.flat().map(({ name, bytes, sha256 }) => [name, { bytes, sha256 }]));
}
