import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type {
  AttachInput,
  AttachedMessage,
  PushRefusedMessage,
  ShardCommandInput,
  ShardHealthMessage,
  ShardLinkClient,
  ShardReportMessage,
} from '@llava-ts/protos';
import { LlavaError, type Logger } from '@llava-ts/telemetry';
import type { LeaseId, RunPosition } from '@llava-ts/trainer';
import { createDeferred, type Deferred } from '../deferred.js';
import { fromServiceError, fromStatusCode } from '../wire/error-table.js';
import type { Admitted } from './admission.js';
import { applyCommand, squaresOf } from './shard-commands.js';
import type { ShardPort } from './shard-port.js';

/** What a coordinator needs to lead a shard in another process. */
export interface RemoteShardOptions {
  readonly index: number;
  readonly address: string;
  readonly client: ShardLinkClient;
  /** What the shard is told when it is attached, of this generation. */
  readonly attach: () => AttachInput;
  /** The step in work. */
  readonly position: () => RunPosition;
  readonly onAttached: () => void;
  readonly onAdded: (lease: LeaseId) => void;
  readonly onRefused: (refused: PushRefusedMessage) => void;
  /** The stream broke; it is being opened again. */
  readonly onBroken: (reason: string) => void;
  /** It has lost what it held: the run must go back. */
  readonly onLost: (reason: string) => void;
  /** It can never take part. */
  readonly onFatal: (error: LlavaError) => void;
  readonly logger: Logger;
}

type Stream = ClientDuplexStream<ShardCommandInput, ShardReportMessage>;

/** A command that was not answered yet: it is sent again on a new stream, and the shard knows it by its number. */
interface Pending {
  readonly command: ShardCommandInput;
  readonly answer: Deferred<ShardReportMessage>;
}

const RECONNECT_MS = 200;
const EMPTY_HEALTH = { residentBytes: 0, receivedBytes: 0, sentBytes: 0, queuedPushes: 0 };

/** Leads a shard in another process: attaches it, hands commands on, and finds it again when the stream breaks. */
export function createRemoteShard(options: RemoteShardOptions): ShardPort {
  const { index, address, client, logger } = options;
  const pending = new Map<number, Pending>();
  const permits = new Map<string, { worker: Admitted; leases: LeaseId[] }>();
  let stream: Stream | null = null;
  let attached: AttachedMessage | null = null;
  let connected = false;
  let closed = false;
  let lastError = '';
  let nextId = 1;
  let health: ShardHealthMessage | typeof EMPTY_HEALTH = EMPTY_HEALTH;

  function open(): void {
    if (closed) return;
    const mine: Stream = client.Follow();
    stream = mine;
    mine.on('data', (report: ShardReportMessage) => {
      if (stream === mine) take(report);
    });
    mine.on('error', (error: ServiceError) => broken(mine, fromServiceError(error, address)));
    mine.on('end', () => broken(mine, new LlavaError('unavailable', `${address}: ended the stream`)));
    mine.write({ attach: options.attach() });
  }

  function broken(mine: Stream, error: LlavaError): void {
    if (stream !== mine || closed) return;
    stream = null;
    if (error.code !== 'unavailable' && error.code !== 'cancelled') return fatal(error);
    if (connected || lastError === '') options.onBroken(error.message);
    connected = false;
    lastError = error.message;
    setTimeout(open, RECONNECT_MS).unref();
  }

  function fatal(error: LlavaError): void {
    lastError = error.message;
    closed = true;
    for (const { answer } of pending.values()) answer.reject(error);
    options.onFatal(error);
  }

  function take(report: ShardReportMessage): void {
    if (report.attached) return enter(report.attached);
    if (report.added?.lease) return options.onAdded(report.added.lease);
    if (report.refused) return options.onRefused(report.refused);
    if (report.health) {
      health = report.health;
      return;
    }
    const waiting = pending.get(report.id);
    pending.delete(report.id);
    if (report.error === '') waiting?.answer.resolve(report);
    else waiting?.answer.reject(fromStatusCode(report.code, `shard ${index}: ${report.error}`));
  }

  function enter(now: AttachedMessage): void {
    const before = attached;
    attached = now;
    if (before !== null && !now.kept) {
      closed = true;
      stream?.cancel();
      return options.onLost(`shard ${index} (${address}) was restarted and has lost what it held`);
    }
    connected = true;
    lastError = '';
    logger.info(`shard ${index} is there`, { address, kept: now.kept, parameterBytes: now.parameterBytes });
    for (const { worker, leases } of permits.values()) for (const lease of leases) sendPermit(worker, lease);
    for (const { command } of pending.values()) stream?.write(command);
    for (const lease of now.leases) options.onAdded({ stage: now.stage, step: now.step, lease });
    options.onAttached();
  }

  function ask(command: Omit<ShardCommandInput, 'id'>): Promise<ShardReportMessage> {
    const id = nextId++;
    const numbered = { ...command, id };
    const answer = createDeferred<ShardReportMessage>();
    pending.set(id, { command: numbered, answer });
    if (connected) stream?.write(numbered);
    return answer.promise;
  }

  function sendPermit({ incarnation, name }: Admitted, lease: LeaseId): void {
    stream?.write({ permit: { incarnation, worker: name, lease: { ...lease } } });
  }

  open();
  return {
    index,
    address,
    laneAddress: () => attached?.laneAddress ?? '',
    connected: () => connected,
    permit(worker, lease) {
      const known = permits.get(worker.incarnation) ?? { worker, leases: [] };
      const { stage, step } = lease;
      permits.set(worker.incarnation, {
        worker,
        leases: [...known.leases.filter((other) => other.stage === stage && other.step === step), lease],
      });
      if (connected) sendPermit(worker, lease);
    },
    revoke(incarnation) {
      permits.delete(incarnation);
      if (connected) stream?.write({ revoke: { incarnation } });
    },
    async squares() {
      const { stage, step } = options.position();
      const { squared } = await ask({ squares: { step: { stage, step, lease: 0 } } });
      return squaresOf(squared ?? { tensors: [] });
    },
    async apply(update) {
      const { applied } = await ask({ apply: applyCommand(update, options.position()) });
      return applied?.durationMs ?? 0;
    },
    async restart(skipped) {
      await ask({ restart: { ...options.position(), skipped: [...skipped] } });
    },
    async save(folder) {
      return (await ask({ save: { folder } })).saved?.files ?? [];
    },
    health: () => ({ ...health, parameterBytes: attached?.parameterBytes ?? 0, lastError }),
    close(reason) {
      if (closed) {
        client.close();
        return;
      }
      closed = true;
      stream?.write({ finish: { reason } });
      stream?.end();
      const error = new LlavaError('unavailable', `shard ${index}: ${reason}`);
      for (const { answer } of pending.values()) answer.reject(error);
      setTimeout(() => client.close(), RECONNECT_MS).unref();
    },
  };
}
