import type { JoinReplyInput, RunStatusInput, StepStatusInput } from '@llava-ts/protos';
import { LlavaError, errorLine, type Logger } from '@llava-ts/telemetry';
import {
  createStepLedger,
  type LeaseId,
  type OpenRun,
  type RunRecorder,
  type RunSnapshot,
  type StepRecord,
} from '@llava-ts/trainer';
import { randomInt } from 'node:crypto';
import { canonicalJson, sha256Hex } from '../wire/digest.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import type { RunIdentity } from './checks.js';
import type { RunControl } from './control-service.js';
import { createCoordinator, type Coordinator } from './coordinator.js';
import { createLocalShard } from './local-shard.js';
import { createPayloadPool } from './payload-pool.js';
import type { PullContext } from './pull-handler.js';
import type { PushContext } from './push-intake.js';
import { createRunEnding, type RunEnding } from './run-ending.js';
import { createRunRecord, runStatus, stepStatus, type RunRecord, type RunState } from './run-status.js';
import { createStepLoop, type StepLoop } from './step-loop.js';

/** Settings of a hosted run. */
export interface RunHostOptions {
  readonly run: OpenRun;
  readonly runId: string;
  readonly recorder: RunRecorder;
  readonly resumed?: RunSnapshot;
  /** The first worker sets it when null. */
  readonly frozenDigest: string | null;
  readonly heartbeatTimeoutMs: number;
  /** `Shard.lane_address` of this process. */
  readonly laneAddress: () => string;
  readonly onStep?: (record: StepRecord) => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** A run and all that it needs to be served, without the serving. */
export interface RunHost {
  readonly coordinator: Coordinator;
  readonly control: RunControl;
  readonly pulls: PullContext;
  readonly pushes: PushContext;
  readonly ending: RunEnding;
  /** What Join answers. */
  description(): JoinReplyInput;
  status(): RunStatusInput;
  /** All applied steps, oldest first. */
  history(): Promise<StepStatusInput[]>;
  /** The state at the last step boundary. */
  snapshot(): RunSnapshot;
}

/** A lease that could not be computed, or whose gradients were refused, this often fails the run. */
const MOST_FAILURES_PER_LEASE = 3;
/** A push that stands still for this long is given up. */
const PUSH_IDLE_MS = 60_000;
/** Generations are random: an integer that every language can hold exactly. */
const GENERATIONS = 2 ** 47;

/** Creates the host of a run: ledger, shard, coordinator, step loop and ending, joined. */
export function createRunHost(options: RunHostOptions): RunHost {
  const { run, recorder, resumed, logger, now, heartbeatTimeoutMs } = options;
  const { config, plans } = run;
  const { leaseTimeoutMs } = config.exchange;
  const chunkBytes = Math.min(config.exchange.chunkBytes, MAX_CHUNK_BYTES);
  const configJson = canonicalJson(config);
  const identity = createIdentity(options, configJson);
  const record = createRunRecord();

  const ledger = createStepLedger({ plans, leaseTimeoutMs, now, ...(resumed && { start: resumed.position }) });
  const shard = createLocalShard(run, ledger, resumed);
  const isOver = (): boolean => ledger.position().stage >= plans.length;

  const countFailure = createFailureCount((lease, error) => {
    const what = `lease ${lease.lease} of step ${lease.step} of stage '${config.stages[lease.stage]?.name}'`;
    const message = `${what} failed ${MOST_FAILURES_PER_LEASE} times, last with: ${errorLine(error)}`;
    ending.fail(new LlavaError('bad-input', message));
  });
  const coordinator = createCoordinator({
    identity,
    ledger,
    leaseTimeoutMs,
    heartbeatTimeoutMs,
    logger,
    now,
    onFailedLease: (lease, reason) => countFailure(lease, new LlavaError('bad-input', reason)),
  });
  const steps = createStepLoop({
    run,
    ledger,
    shard,
    recorder,
    onAdvanced(stepRecord) {
      record.lastStep = stepRecord;
      options.onStep?.(stepRecord);
      if (isOver()) ending.complete();
      else coordinator.dispatch();
    },
    onSnapshot({ position }) {
      record.lastSnapshot = position;
    },
    onFailed(error) {
      record.lastError = errorLine(error);
      ending.fail(error);
    },
  });
  const ending = createRunEnding({ coordinator, save: steps.save, logger });
  if (isOver()) ending.complete();

  const encoding = config.exchange.gradientEncoding ?? 'float32';
  const rules = { identity, coordinator, parameters: shard, encoding };
  return {
    coordinator,
    ending,
    snapshot: shard.snapshot,
    control: createControl(identity.runId, { coordinator, ending, steps, record }),
    history: async () => (await recorder.history()).map((step) => stepStatus(config, step)),
    status: () =>
      runStatus({ identity, config, plans, ledger, coordinator, record, state: stateOf(coordinator, ending), now }),
    description: () => ({
      runId: identity.runId,
      generation: identity.generation,
      configJson,
      configDigest: identity.configDigest,
      stage: Math.min(ledger.position().stage, plans.length - 1),
      shards: [{ index: 0, address: '', laneAddress: options.laneAddress() }],
      heartbeatMs: config.exchange.heartbeatMs,
      heartbeatTimeoutMs,
      chunkBytes,
      maxChunkBytes: MAX_CHUNK_BYTES,
    }),
    pulls: {
      ...rules,
      chunkBytes,
      onBytes(bytes) {
        record.pulledBytes += bytes;
      },
    },
    pushes: {
      ...rules,
      open: new Map(),
      payloads: createPayloadPool(),
      idleMs: PUSH_IDLE_MS,
      onAccepted: steps.check,
      onUnfit: countFailure,
      onBytes(bytes) {
        record.pushedBytes += bytes;
      },
      onRefused(error) {
        record.refusedPushes += 1;
        record.lastError = errorLine(error);
        logger.warn(`refused: ${errorLine(error)}`);
      },
    },
  };
}

function createIdentity({ runId, frozenDigest }: RunHostOptions, configJson: string): RunIdentity {
  const generation = randomInt(1, GENERATIONS);
  return { runId, generation, configDigest: sha256Hex(configJson), frozenDigest, engineVersion: null };
}

function stateOf(coordinator: Coordinator, ending: RunEnding): RunState {
  const going = coordinator.members.all().length === 0 ? 'WAITING' : 'RUNNING';
  return ending.state() ?? (coordinator.holding() === null ? going : 'PAUSED');
}

interface Controlled {
  readonly coordinator: Coordinator;
  readonly ending: RunEnding;
  readonly steps: StepLoop;
  readonly record: RunRecord;
}

function createControl(runId: string, { coordinator, ending, steps, record }: Controlled): RunControl {
  return {
    runId,
    pause() {
      if (ending.state() === null) coordinator.hold({ kind: 'paused' });
      return 'paused: no more leases are granted';
    },
    resume() {
      if (ending.state() === null) coordinator.hold(null);
      return 'resumed';
    },
    async snapshot() {
      await steps.save();
      return `saved step ${record.lastSnapshot?.step} of stage ${record.lastSnapshot?.stage}`;
    },
    stop(reason) {
      void ending.stop({ reason, workers: 'leave' });
      return 'stopping';
    },
  };
}

/** Counts failures per lease and says when one has failed too often. */
function createFailureCount(onTooMany: (lease: LeaseId, error: unknown) => void): typeof onTooMany {
  const counts = new Map<string, number>();
  return (lease, error) => {
    const key = `${lease.stage}/${lease.step}/${lease.lease}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count >= MOST_FAILURES_PER_LEASE) onTooMany(lease, error);
  };
}
