import type { JoinReplyInput, RunStatusInput } from '@llava-ts/protos';
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
import { createDeferred } from '../deferred.js';
import { canonicalJson, sha256Hex } from '../wire/digest.js';
import { MAX_CHUNK_BYTES } from '../wire/limits.js';
import type { RunIdentity } from './checks.js';
import type { RunControl } from './control-service.js';
import { createCoordinator, type Coordinator } from './coordinator.js';
import { createLocalShard } from './local-shard.js';
import type { PullContext } from './pull-handler.js';
import type { PushContext } from './push-handler.js';
import { createRunRecord, runStatus, type RunState } from './run-status.js';
import { createStepLoop } from './step-loop.js';

/** Settings of a hosted run. */
export interface RunHostOptions {
  readonly run: OpenRun;
  readonly runId: string;
  readonly recorder: RunRecorder;
  readonly resumed?: RunSnapshot;
  /** The first worker sets it when null. */
  readonly frozenDigest: string | null;
  readonly heartbeatTimeoutMs: number;
  readonly onStep?: (record: StepRecord) => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** How a run ended at this server. */
export type RunEnd = 'done' | 'stopped';

/** How a run is ended early. */
export interface StopOptions {
  readonly reason: string;
  /** Workers leave, or wait for a server that goes on with the run. */
  readonly workers: 'leave' | 'wait';
}

/** A run and all that it needs to be served, without the serving. */
export interface RunHost {
  readonly coordinator: Coordinator;
  readonly control: RunControl;
  readonly pulls: PullContext;
  readonly pushes: PushContext;
  /** What Join answers. */
  description(): JoinReplyInput;
  status(): RunStatusInput;
  /** The state at the last step boundary. */
  snapshot(): RunSnapshot;
  /** Resolves when there is nothing more to serve; rejects when the run failed. */
  readonly ended: Promise<RunEnd>;
  stop(options: StopOptions): Promise<void>;
}

/** A lease that could not be computed, or whose gradients were refused, this often fails the run. */
const MOST_FAILURES_PER_LEASE = 3;
/** How long workers may take to say goodbye. */
const FAREWELL_MS = 3000;
/** A push that stands still for this long is given up. */
const PUSH_IDLE_MS = 60_000;

/** Creates the host of a run: ledger, shard, coordinator and step loop, joined. */
export function createRunHost(options: RunHostOptions): RunHost {
  const { run, runId, recorder, resumed, logger, now, heartbeatTimeoutMs } = options;
  const { config, plans } = run;
  const { heartbeatMs, leaseTimeoutMs } = config.exchange;
  const chunkBytes = Math.min(config.exchange.chunkBytes, MAX_CHUNK_BYTES);
  const configJson = canonicalJson(config);
  const configDigest = sha256Hex(configJson);
  const { frozenDigest } = options;
  const identity: RunIdentity = {
    runId,
    generation: randomInt(1, 2 ** 47),
    configDigest,
    frozenDigest,
    engineVersion: null,
  };
  const ledger = createStepLedger({ plans, leaseTimeoutMs, now, ...(resumed && { start: resumed.position }) });
  const shard = createLocalShard(run, ledger, resumed);
  const record = createRunRecord();
  const ended = createDeferred<RunEnd>();
  let ending: 'STOPPING' | 'DONE' | 'FAILED' | null = null;

  const countFailure = createFailureCount((lease, count, error) => {
    const what = `lease ${lease.lease} of step ${lease.step} of stage '${config.stages[lease.stage]?.name}' failed ${count} times`;
    void fail(new LlavaError('bad-input', `${what}, last with: ${errorLine(error)}`));
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
      if (ledger.position().stage >= plans.length) void complete();
      coordinator.dispatch();
    },
    onSnapshot: ({ position }) => {
      record.lastSnapshot = position;
    },
    onFailed: (error) => void fail(error),
  });

  function state(): RunState {
    if (ending !== null) return ending;
    if (coordinator.holding() !== null) return 'PAUSED';
    return coordinator.members.all().length === 0 ? 'WAITING' : 'RUNNING';
  }

  async function complete(): Promise<void> {
    ending = 'DONE';
    coordinator.finish('the run is complete');
    await coordinator.empty(FAREWELL_MS);
    coordinator.close(null);
    ended.resolve('done');
  }

  async function fail(error: unknown): Promise<void> {
    if (ending !== null) return;
    ending = 'FAILED';
    record.lastError = errorLine(error);
    logger.error(`the run failed: ${errorLine(error)}`);
    await steps.save().catch((second: unknown) => logger.warn(`no last snapshot: ${errorLine(second)}`));
    coordinator.close(new LlavaError('mismatch', `the run failed: ${errorLine(error)}`));
    ended.reject(error instanceof Error ? error : new LlavaError('internal', String(error)));
  }

  async function stop({ reason, workers }: StopOptions): Promise<void> {
    if (ending !== null) {
      await ended.promise.catch(() => {});
      return;
    }
    ending = 'STOPPING';
    logger.info(`stopping: ${reason}`);
    coordinator.hold(workers === 'leave' ? { kind: 'draining', reason } : { kind: 'paused' });
    if (workers === 'leave') await coordinator.empty(FAREWELL_MS);
    try {
      await steps.save();
      ended.resolve('stopped');
    } catch (error) {
      ended.reject(error instanceof Error ? error : new LlavaError('internal', String(error)));
    }
    const code = workers === 'leave' ? 'mismatch' : 'unavailable';
    coordinator.close(new LlavaError(code, `the server stops: ${reason}`));
  }

  if (ledger.position().stage >= plans.length) void complete();
  const served = { identity, coordinator, parameters: shard };
  return {
    coordinator,
    ended: ended.promise,
    stop,
    snapshot: () => shard.snapshot(),
    status: () => runStatus({ identity, config, plans, ledger, coordinator, record, state, now }),
    description: () => ({
      runId,
      generation: identity.generation,
      configJson,
      configDigest,
      stage: Math.min(ledger.position().stage, plans.length - 1),
      shards: [{ index: 0, address: '' }],
      heartbeatMs,
      heartbeatTimeoutMs,
      chunkBytes,
      maxChunkBytes: MAX_CHUNK_BYTES,
    }),
    control: {
      runId,
      pause() {
        if (ending === null) coordinator.hold({ kind: 'paused' });
        return 'paused: no more leases are granted';
      },
      resume() {
        if (ending === null) coordinator.hold(null);
        return 'resumed';
      },
      async snapshot() {
        await steps.save();
        return `saved step ${record.lastSnapshot?.step} of stage ${record.lastSnapshot?.stage}`;
      },
      stop(reason) {
        void stop({ reason, workers: 'leave' });
        return 'stopping';
      },
    },
    pulls: {
      ...served,
      chunkBytes,
      onBytes(bytes) {
        record.pulledBytes += bytes;
      },
    },
    pushes: {
      ...served,
      open: new Map(),
      idleMs: PUSH_IDLE_MS,
      onAccepted: () => steps.check(),
      onBytes(bytes) {
        record.pushedBytes += bytes;
      },
      onUnfit: countFailure,
      onRefused(error) {
        record.refusedPushes += 1;
        record.lastError = errorLine(error);
        logger.warn(`refused: ${errorLine(error)}`);
      },
    },
  };
}

/** Counts failures per lease and says when one has failed too often. */
function createFailureCount(
  onTooMany: (lease: LeaseId, count: number, error: unknown) => void,
): (lease: LeaseId, error: unknown) => void {
  const counts = new Map<string, number>();
  return (lease, error) => {
    const key = `${lease.stage}/${lease.step}/${lease.lease}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count >= MOST_FAILURES_PER_LEASE) onTooMany(lease, count, error);
  };
}
