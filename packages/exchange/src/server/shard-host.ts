import type { AttachMessage, AttachedInput, ShardCommandMessage, ShardReportInput } from '@llava-ts/protos';
import { LlavaError, errorLine, type Logger } from '@llava-ts/telemetry';
import {
  PARTITION_VERSION,
  readRunSnapshot,
  snapshotsFolder,
  writeRunSnapshotPart,
  type OpenRun,
  type ShardPieces,
} from '@llava-ts/trainer';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { configDigest } from '../wire/digest.js';
import { toStatus } from '../wire/error-table.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import { createPermits, type Permits } from './admission.js';
import { oneLine, type RunIdentity } from './checks.js';
import { createPayloadPool } from './payload-pool.js';
import type { PullContext } from './pull-handler.js';
import type { PushContext } from './push-intake.js';
import { createShard, type Shard } from './shard.js';
import { squaredReport, updateOf } from './shard-commands.js';
import type { ShardTraffic } from './shard-port.js';

/** What a shard in a process of its own works with. */
export interface ShardHostOptions {
  readonly index: number;
  readonly shards: number;
  /** Opens the part of the run that this shard holds, with its initial values: again for every coordinator. */
  readonly open: () => Promise<{ readonly run: OpenRun; readonly pieces: ShardPieces }>;
  /** The run's output folder, where snapshots are; the same for all shards. */
  readonly outDir: string;
  readonly laneAddress: () => string;
  readonly logger: Logger;
}

/** A shard that obeys a coordinator, without the serving. */
export interface ShardHost {
  /** Contexts of the Parameters service; they refuse while no coordinator has attached the shard. */
  readonly pulls: PullContext;
  readonly pushes: PushContext;
  readonly traffic: ShardTraffic;
  /** Begins to follow a coordinator. What the shard says by itself goes to `report`, until another one is followed. */
  attach(command: AttachMessage, report: (report: ShardReportInput) => void): Promise<AttachedInput>;
  /** Obeys a command of the coordinator that is followed. */
  obey(command: ShardCommandMessage): void;
  close(): Promise<void>;
}

/** A shard under one generation of the coordinator. */
interface Attachment {
  readonly identity: RunIdentity;
  readonly run: OpenRun;
  readonly shard: Shard;
  readonly permits: Permits;
  /** Answers by command, so that one that is sent again is not obeyed again. */
  readonly answers: Map<number, Promise<ShardReportInput>>;
}

const PUSH_IDLE_MS = 60_000;
const REMEMBERED_ANSWERS = 32;

/** Creates the host; it waits for a coordinator. */
export async function createShardHost(options: ShardHostOptions): Promise<ShardHost> {
  const { index, shards, outDir, logger } = options;
  const incarnation = randomUUID();
  const traffic: ShardTraffic = { receivedBytes: 0, sentBytes: 0, queuedPushes: 0 };
  let opened: Awaited<ReturnType<ShardHostOptions['open']>> | null = await options.open();
  const digest = configDigest(opened.run.config);
  let attachment: Attachment | null = null;
  let chunkBytes = MAX_CHUNK_BYTES;
  let report: (report: ShardReportInput) => void = () => {};

  function present(): Attachment {
    if (attachment !== null) return attachment;
    throw new LlavaError('unavailable', `shard ${index}: waits for its coordinator; try again`);
  }

  function check({ index: given, shards: of, partitionVersion, configDigest: expected }: AttachMessage): void {
    const problems = [
      given !== index && `this is shard ${index}, the coordinator takes it for ${given}`,
      of !== shards && `this shard is one of ${shards}, the coordinator has ${of}`,
      partitionVersion !== PARTITION_VERSION &&
        `this shard cuts tensors by rule ${PARTITION_VERSION}, the coordinator by rule ${partitionVersion}`,
      expected !== digest && `the run configurations differ ('${digest}' here, '${oneLine(expected)}' there)`,
    ].filter((problem) => problem !== false);
    if (problems.length > 0) throw new LlavaError('mismatch', `shard ${index}: ${problems.join('; ')}`);
  }

  async function load(command: AttachMessage): Promise<Attachment> {
    await attachment?.shard.stop();
    attachment = null;
    const { run, pieces } = opened ?? (await options.open());
    opened = null; // from here on its arrays change
    const { runId, generation, snapshot, stage, step } = command;
    const read =
      snapshot === '' ? null : await readRunSnapshot(snapshotsFolder(outDir), run, { name: snapshot, pieces });
    const resumed = read?.snapshot;
    if (resumed !== undefined && (resumed.position.stage !== stage || resumed.position.step !== step))
      throw new LlavaError('mismatch', `shard ${index}: snapshot ${snapshot} is not of stage ${stage}, step ${step}`);
    const identity = { runId, generation, configDigest: digest, frozenDigest: null, engineVersion: null };
    const shard = await createShard({ run, pieces, resumed });
    logger.info('attached', { generation, stage, step, snapshot });
    return { identity, run, shard, permits: createPermits(), answers: new Map() };
  }

  async function answer(
    name: 'squares' | 'apply' | 'restart' | 'save',
    command: ShardCommandMessage,
  ): Promise<ShardReportInput> {
    const { shard, run } = present();
    const { id } = command;
    switch (name) {
      case 'squares':
        return { id, squared: squaredReport(await shard.squares()) };
      case 'apply':
        if (!command.apply) break;
        return { id, applied: { durationMs: await shard.apply(updateOf(command.apply)) } };
      case 'restart':
        await shard.restart(command.restart?.skipped ?? []);
        return { id };
      case 'save': {
        const startedMs = performance.now();
        const folder = join(snapshotsFolder(outDir), checkFolder(command.save?.folder ?? ''));
        const files = await writeRunSnapshotPart(folder, run, { snapshot: shard.snapshot(), place: { index, shards } });
        return {
          id,
          saved: {
            files: Object.entries(files).map(([file, facts]) => ({ name: file, ...facts })),
            durationMs: performance.now() - startedMs,
          },
        };
      }
    }
    throw new LlavaError('bad-input', `shard ${index}: an empty command`);
  }

  function obeyOnce(name: Parameters<typeof answer>[0], command: ShardCommandMessage): void {
    const { answers } = present();
    const known = answers.get(command.id);
    const mine =
      known ??
      answer(name, command).catch((error: unknown) => {
        const { code, details } = toStatus(error);
        return { id: command.id, code, error: details };
      });
    answers.set(command.id, mine);
    for (const oldest of answers.keys()) if (answers.size > REMEMBERED_ANSWERS) answers.delete(oldest);
    void mine.then((done) => report(done));
  }

  return {
    traffic,
    pulls: {
      get identity() {
        return present().identity;
      },
      get coordinator() {
        return present().permits;
      },
      get parameters() {
        return present().shard;
      },
      get chunkBytes() {
        return chunkBytes;
      },
      onBytes(bytes) {
        traffic.sentBytes += bytes;
      },
    },
    pushes: {
      get identity() {
        return present().identity;
      },
      get coordinator() {
        return present().permits;
      },
      get parameters() {
        return present().shard;
      },
      get encoding() {
        return present().run.config.exchange.gradientEncoding ?? 'float32';
      },
      payloads: createPayloadPool(),
      open: new Map(),
      idleMs: PUSH_IDLE_MS,
      onAdded: ({ lease }) =>
        report({ added: { lease: { stage: lease.stage, step: lease.step, lease: lease.lease } } }),
      onUnfit: ({ stage, step, lease }, error, { name, incarnation: who }) =>
        report({
          refused: {
            lease: { stage, step, lease },
            worker: name,
            incarnation: who,
            reason: errorLine(error),
            unfit: true,
          },
        }),
      onRefused: (error) => report({ refused: { reason: errorLine(error), unfit: false } }),
      onBytes(bytes) {
        traffic.receivedBytes += bytes;
      },
    },
    async attach(command, to) {
      check(command);
      const kept = attachment?.identity.generation === command.generation;
      if (!kept) attachment = await load(command);
      const { shard } = present();
      chunkBytes = Math.min(MAX_CHUNK_BYTES, Math.max(1024, command.chunkBytes));
      report = to;
      const { position, leases } = shard.progress();
      const { laneAddress } = options;
      return {
        incarnation,
        kept,
        ...position,
        leases: [...leases],
        parameterBytes: shard.bytes,
        laneAddress: laneAddress(),
      };
    },
    obey(command) {
      const { permits } = present();
      const { permit, revoke } = command;
      if (permit?.lease) permits.permit({ name: permit.worker, incarnation: permit.incarnation }, permit.lease);
      else if (revoke) permits.revoke(revoke.incarnation);
      else if (command.squares) obeyOnce('squares', command);
      else if (command.apply) obeyOnce('apply', command);
      else if (command.restart) obeyOnce('restart', command);
      else if (command.save) obeyOnce('save', command);
      else throw new LlavaError('bad-input', `shard ${index}: unexpected command ${command.command ?? '(empty)'}`);
    },
    close: async () => attachment?.shard.stop(),
  };
}

/** The coordinator names a hidden folder below `snapshots`; nothing else can be written to. */
function checkFolder(folder: string): string {
  if (/^\.[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.tmp$/.test(folder)) return folder;
  throw new LlavaError(
    'bad-input',
    `save: expected the name of a snapshot's temporary folder, got ${JSON.stringify(folder.slice(0, 80))}`,
  );
}
