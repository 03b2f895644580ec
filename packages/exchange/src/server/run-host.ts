import type { AttachInput, JoinReplyInput, RunStatusInput, StepStatusInput } from '@llava-ts/protos';
import { LlavaError, errorLine, type Logger } from '@llava-ts/telemetry';
import {
  PARTITION_VERSION,
  createStepLedger,
  snapshotName,
  type LeaseId,
  type OpenRun,
  type RunRecorder,
  type RunSnapshot,
  type ShardPieces,
  type StepRecord,
} from '@llava-ts/trainer';
import { randomInt } from 'node:crypto';
import { canonicalJson, sha256Hex } from '../wire/digest.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import { oneLine, type RunIdentity } from './checks.js';
import { LATE } from './push-checks.js';
import type { RunControl } from './control-service.js';
import { createCoordinator, type Coordinator } from './coordinator.js';
import { createEventLog, type EventLog } from './events.js';
import { createFailureCount } from './failure-count.js';
import { createLeaseAccount } from './lease-account.js';
import { createPayloadPool } from './payload-pool.js';
import type { PullContext } from './pull-handler.js';
import type { PushContext } from './push-intake.js';
import type { RemoteShardOptions } from './remote-shard.js';
import { createRunEnding, type RunEnding } from './run-ending.js';
import { createRunRecord, runStatus, stepStatus, type RunRecord, type RunState } from './run-status.js';
import { createShard } from './shard.js';
import { localShardPort, type ShardPort, type ShardTraffic } from './shard-port.js';
import type { StartThread } from './shard-state.js';
import { createStepLoop, type StepLoop } from './step-loop.js';

/** The other shards of a run, which are processes of their own. */
export interface OtherShards {
  /** How many shards there are, the first one included. */
  readonly shards: number;
  /** The rows of the run's tensors that are here. */
  readonly pieces: ShardPieces;
  /** Makes the port to a shard, by index from 1. */
  readonly connect: (options: Omit<RemoteShardOptions, 'client' | 'address'>) => ShardPort;
}

/** Settings of a hosted run. */
export interface RunHostOptions {
  /** Its tensors are those of the first shard. */
  readonly run: OpenRun;
  readonly runId: string;
  /** Given the ports of the other shards, whose parts of a snapshot it has to ask for. */
  readonly recorder: RunRecorder;
  readonly resumed?: RunSnapshot;
  /** The other shards; none when absent. */
  readonly others?: OtherShards;
  /** The first worker sets it when null. */
  readonly frozenDigest: string | null;
  readonly heartbeatTimeoutMs: number;
  /** `Shard.lane_address` of this process. */
  readonly laneAddress: () => string;
  readonly onStep?: (record: StepRecord) => void;
  readonly logger: Logger;
  readonly now: () => number;
  readonly unixMs: () => number;
  /** For the first shard's arithmetic; a thread of its own when absent. */
  readonly startThread?: StartThread;
}

/** A run and all that it needs to be served, without the serving. */
export interface RunHost {
  readonly coordinator: Coordinator;
  readonly control: RunControl;
  readonly pulls: PullContext;
  readonly pushes: PushContext;
  readonly ending: RunEnding;
  readonly events: EventLog;
  readonly shards: readonly ShardPort[];
  /** What Join answers. @throws {LlavaError} `unavailable` while a shard is away */
  joinReply(): JoinReplyInput;
  /** The stage that workers prepare for; the last one when all are over. */
  stage(): number;
  status(): RunStatusInput;
  /** All applied steps, oldest first. */
  history(): Promise<StepStatusInput[]>;
  /** The first shard's state at the last step boundary. */
  snapshot(): RunSnapshot;
  /** Sign of life: call it once per heartbeat. */
  tick(): void;
  close(): Promise<void>;
}

/** A lease that could not be computed, or whose gradients were refused, this often is given up. */
const MOST_FAILURES_PER_LEASE = 3;
/** A push that stands still for this long is given up. */
const PUSH_IDLE_MS = 60_000;
/** Generations are random: an integer that every language can hold exactly. */
const GENERATIONS = 2 ** 47;

/** Creates the host of a run: ledger, shards, coordinator, step loop and ending, joined. */
export async function createRunHost(options: RunHostOptions): Promise<RunHost> {
  const { run, recorder, resumed, others, logger, now, heartbeatTimeoutMs } = options;
  const { config, plans } = run;
  const { leaseTimeoutMs, minWorkers = 1 } = config.exchange;
  const { badGradients = 'retry' } = config.train;
  const chunkBytes = Math.min(config.exchange.chunkBytes, MAX_CHUNK_BYTES);
  const configJson = canonicalJson(config);
  const identity = createIdentity(options, configJson);
  const record = createRunRecord(options.unixMs());

  const ledger = createStepLedger({ plans, leaseTimeoutMs, now, ...(resumed && { start: resumed.position }) });
  const events = createEventLog({ unixMs: options.unixMs, position: ledger.position });
  const local = await createShard({
    run,
    resumed,
    ...(others && { pieces: others.pieces }),
    ...(options.startThread && { startThread: options.startThread }),
  });
  const traffic: ShardTraffic = { receivedBytes: 0, sentBytes: 0, queuedPushes: 0 };
  const isOver = (): boolean => ledger.position().stage >= plans.length;
  const nameOf = ({ stage, step, lease }: LeaseId): string =>
    `lease ${lease} of step ${step} of stage '${config.stages[stage]?.name}'`;

  const countFailure = createFailureCount({
    most: badGradients === 'stop' ? 1 : MOST_FAILURES_PER_LEASE,
    onTooMany(lease, { error, times, unfit }) {
      if (unfit && badGradients === 'skip') {
        events.add('LEASE_SKIPPED', '', `${nameOf(lease)} is left out: ${errorLine(error)}`);
        steps.skip(lease);
        return;
      }
      const message = `${nameOf(lease)} failed ${times} ${times === 1 ? 'time' : 'times'}, last with: ${errorLine(error)}`;
      ending.fail(new LlavaError('bad-input', message));
    },
  });
  const coordinator = createCoordinator({
    identity,
    ledger,
    leaseTimeoutMs,
    heartbeatTimeoutMs,
    minWorkers,
    logger,
    events,
    now,
    unixMs: options.unixMs,
    missing: () => missingShard(ports),
    onGranted: (member, lease) => ports.forEach((port) => port.permit(member, lease)),
    onGone: ({ incarnation }) => ports.forEach((port) => port.revoke(incarnation)),
    onFailedLease: (lease, reason) => countFailure(lease, { error: new LlavaError('bad-input', reason), unfit: false }),
  });
  const account = createLeaseAccount({
    shards: others?.shards ?? 1,
    ledger,
    onCounted(facts, by) {
      coordinator.delivered(facts, by);
      steps.check();
    },
  });
  const unfit = (lease: LeaseId, error: unknown, by: { name: string; incarnation: string }): void => {
    events.add('LEASE_FAILED', by.name, `${nameOf(lease)}: ${errorLine(error)}`);
    coordinator.failed(by.incarnation, lease, errorLine(error));
    countFailure(lease, { error, unfit: true });
    coordinator.dispatch();
  };
  const refused = (subject: string, reason: string): void => {
    record.refusedPushes += 1;
    events.add('PUSH_REFUSED', subject, reason);
    if (reason.endsWith(LATE)) return logger.info(`refused: ${reason}`);
    record.lastError = reason;
    logger.warn(`refused: ${reason}`);
  };
  const first = localShardPort(local, traffic, options.laneAddress);
  const connect = (index: number): ShardPort[] => {
    if (others === undefined) return [];
    const shard = `shard ${index}`;
    const port = others.connect({
      index,
      logger,
      position: ledger.position,
      attach: () => attachment({ options, identity, index, chunkBytes }),
      onAttached() {
        events.add('SHARD_CONNECTED', shard, 'is there');
        coordinator.dispatch();
      },
      onAdded: (lease) => account.arrived(index, { lease }),
      onRefused({ lease, worker, incarnation, reason, unfit: isUnfit }) {
        refused(worker || shard, oneLine(reason));
        if (isUnfit && lease !== null)
          unfit(lease, new LlavaError('bad-input', oneLine(reason)), { name: worker, incarnation });
      },
      onBroken(reason) {
        events.add('SHARD_LOST', shard, reason);
        record.lastError = reason;
        logger.warn(`lost the connection to ${shard}; trying again`, { reason });
      },
      onLost(reason) {
        events.add('REWOUND', shard, reason);
        record.lastError = reason;
        ending.rewind(reason);
      },
      onFatal: (error) => ending.fail(error),
    });
    return [port];
  };
  const ports: ShardPort[] = [first];
  const steps = createStepLoop({
    run,
    ledger,
    account,
    shards: ports,
    boundary: local.snapshot,
    recorder,
    now,
    onRestarted: coordinator.dispatch,
    onSaved: createSaveNotes(recorder, events),
    onAdvanced(stepRecord) {
      noteStep(record, stepRecord);
      options.onStep?.(stepRecord);
      if (isOver()) {
        ending.complete();
        return;
      }
      if (stepRecord.step === stepRecord.steps)
        events.add('STAGE_STARTED', '', `stage '${config.stages[ledger.position().stage]?.name}'`);
      coordinator.dispatch();
    },
    onFailed(error) {
      record.lastError = errorLine(error);
      ending.fail(error);
    },
  });
  const ending = createRunEnding({ coordinator, save: steps.save, logger });
  for (let index = 1; index < (others?.shards ?? 1); index++) ports.push(...connect(index));
  if (isOver()) ending.complete();

  const stage = (): number => Math.min(ledger.position().stage, plans.length - 1);
  const encoding = config.exchange.gradientEncoding ?? 'float32';
  const rules = { identity, coordinator, parameters: local, encoding };
  return {
    coordinator,
    ending,
    events,
    shards: ports,
    snapshot: local.snapshot,
    tick: coordinator.tick,
    control: createControl(identity.runId, { coordinator, ending, steps, record, events }),
    history: async () => (await recorder.history()).map((step) => stepStatus(config, step)),
    status: () =>
      runStatus({
        identity,
        config,
        plans,
        ledger,
        coordinator,
        record,
        events,
        shards: ports,
        lastSnapshot: recorder.lastSaved(),
        state: stateOf(coordinator, ending),
        now,
      }),
    stage,
    joinReply: () => ({
      runId: identity.runId,
      generation: identity.generation,
      configJson,
      configDigest: identity.configDigest,
      stage: stage(),
      shards: presentShards(ports).map(({ index, address, laneAddress }) => ({
        index,
        address,
        laneAddress: laneAddress(),
      })),
      heartbeatMs: config.exchange.heartbeatMs,
      heartbeatTimeoutMs,
      chunkBytes,
      maxChunkBytes: MAX_CHUNK_BYTES,
    }),
    pulls: {
      ...rules,
      chunkBytes,
      onBytes(bytes) {
        traffic.sentBytes += bytes;
      },
    },
    pushes: {
      ...rules,
      open: new Map(),
      payloads: createPayloadPool(),
      idleMs: PUSH_IDLE_MS,
      onAdded: (facts, by) => account.arrived(0, { lease: facts.lease, facts, by }),
      onUnfit: unfit,
      onBytes(bytes) {
        traffic.receivedBytes += bytes;
      },
      onRefused: (error, worker) => refused(worker, errorLine(error)),
    },
    async close() {
      for (const port of ports) port.close(ending.state() === 'DONE' ? 'the run is complete' : 'the coordinator ends');
      await local.stop();
    },
  };
}

function createIdentity({ runId, frozenDigest }: RunHostOptions, configJson: string): RunIdentity {
  const generation = randomInt(1, GENERATIONS);
  return { runId, generation, configDigest: sha256Hex(configJson), frozenDigest, engineVersion: null };
}

/** What a shard must know to stand where this run stands. */
function attachment({
  options: { run, runId, resumed, others },
  identity,
  index,
  chunkBytes,
}: {
  options: RunHostOptions;
  identity: RunIdentity;
  index: number;
  chunkBytes: number;
}): AttachInput {
  const { stage, step } = resumed?.position ?? { stage: 0, step: 0 };
  return {
    runId,
    generation: identity.generation,
    configDigest: identity.configDigest,
    index,
    shards: others?.shards ?? 1,
    partitionVersion: PARTITION_VERSION,
    stage,
    step,
    snapshot: resumed === undefined ? '' : snapshotName(run, resumed.position),
    chunkBytes,
  };
}

/** @throws {LlavaError} `unavailable` while a shard is away: who joined then would not learn of its lane. */
function presentShards(ports: readonly ShardPort[]): readonly ShardPort[] {
  const missing = missingShard(ports);
  if (missing === null) return ports;
  throw new LlavaError('unavailable', `join: the run ${missing}; try again`);
}

function missingShard(ports: readonly ShardPort[]): string | null {
  const away = ports.filter((port) => !port.connected()).map(({ index, address }) => `shard ${index} (${address})`);
  return away.length === 0 ? null : `waits for ${away.join(', ')}`;
}

/** Turns what the recorder has done into events, each once. */
function createSaveNotes(recorder: RunRecorder, events: EventLog): () => void {
  let [saved, failure] = [recorder.lastSaved(), recorder.saveFailure()];
  return () => {
    const [nowSaved, nowFailure] = [recorder.lastSaved(), recorder.saveFailure()];
    if (nowSaved !== null && nowSaved !== saved)
      events.add('SNAPSHOT_WRITTEN', '', `${nowSaved.name} in ${nowSaved.ms} ms`);
    if (nowFailure !== null && nowFailure !== failure)
      events.add('SNAPSHOT_FAILED', '', `${errorLine(nowFailure)}; training goes on`);
    [saved, failure] = [nowSaved, nowFailure];
  };
}

function noteStep(record: RunRecord, step: StepRecord): void {
  record.lastStep = step;
  record.tokens += step.tokens;
  record.labelTokens += step.labelTokens;
  record.skippedSamples += step.skippedSamples;
  record.truncatedSamples += step.truncatedSamples;
  record.recentSteps = [...record.recentSteps, { ms: step.ms, tokens: step.tokens }].slice(-20);
}

function stateOf(coordinator: Coordinator, ending: RunEnding): RunState {
  const going = coordinator.waitingFor() === null ? 'RUNNING' : 'WAITING';
  return ending.state() ?? (coordinator.holding() === null ? going : 'PAUSED');
}

interface Controlled {
  readonly coordinator: Coordinator;
  readonly ending: RunEnding;
  readonly steps: StepLoop;
  readonly record: RunRecord;
  readonly events: EventLog;
}

function createControl(runId: string, { coordinator, ending, steps, events }: Controlled): RunControl {
  return {
    runId,
    pause() {
      if (ending.state() === null) coordinator.hold({ kind: 'paused' });
      events.add('PAUSED', '', 'no more leases are granted');
      return 'paused: no more leases are granted';
    },
    resume() {
      if (ending.state() === null) coordinator.hold(null);
      events.add('RESUMED', '', 'leases are granted again');
      return 'resumed';
    },
    async snapshot() {
      const { stage, step } = await steps.save();
      return `saved step ${step} of stage ${stage}`;
    },
    stop(reason) {
      void ending.stop({ reason, workers: 'leave' });
      return 'stopping';
    },
  };
}
