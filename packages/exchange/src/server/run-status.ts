import type { RunStatusInput, ShardStatusInput, StepStatusInput, WorkerStatusInput } from '@llava-ts/protos';
import type { RunConfig, RunPosition, SavedSnapshot, StagePlan, StepLedger, StepRecord } from '@llava-ts/trainer';
import type { RunIdentity } from './checks.js';
import type { Coordinator } from './coordinator.js';
import type { EventLog } from './events.js';
import type { Member } from './members.js';
import type { ShardPort } from './shard-port.js';

/** Where a run stands. */
export type RunState = 'WAITING' | 'RUNNING' | 'PAUSED' | 'STOPPING' | 'DONE' | 'FAILED';

/** What happened in a run since this start of the server, counted where it happens. */
export interface RunRecord {
  readonly startedUnixMs: number;
  refusedPushes: number;
  lastError: string;
  lastStep: StepRecord | null;
  tokens: number;
  labelTokens: number;
  skippedSamples: number;
  truncatedSamples: number;
  recentSteps: readonly { readonly ms: number; readonly tokens: number }[];
}

/** Everything that a status is made from. */
export interface StatusSources {
  readonly identity: RunIdentity;
  readonly config: RunConfig;
  readonly plans: readonly StagePlan[];
  readonly ledger: StepLedger;
  readonly coordinator: Coordinator;
  readonly record: RunRecord;
  readonly events: EventLog;
  readonly shards: readonly ShardPort[];
  readonly lastSnapshot: SavedSnapshot | null;
  readonly state: RunState;
  readonly now: () => number;
}

/** A record with nothing in it. */
export function createRunRecord(startedUnixMs: number): RunRecord {
  const counts = { refusedPushes: 0, tokens: 0, labelTokens: 0, skippedSamples: 0, truncatedSamples: 0 };
  return { startedUnixMs, ...counts, lastError: '', lastStep: null, recentSteps: [] };
}

/** Makes the message that the Status service sends. */
export function runStatus(sources: StatusSources): RunStatusInput {
  const { identity, config, plans, ledger, coordinator, record, events, shards, lastSnapshot, state, now } = sources;
  const position = lastPosition(ledger.position(), plans);
  const { stage, step } = position;
  const shardStatuses = shards.map((port) => shardStatus(port, record));
  const remainingMs = remaining(sources, position);
  return {
    runId: identity.runId,
    generation: identity.generation,
    state: `STATE_${state}`,
    stage,
    stageName: config.stages[stage]?.name ?? '',
    stages: config.stages.length,
    step,
    steps: plans[stage]?.totalSteps ?? 0,
    workers: coordinator.members.all().map((member) => workerStatus(member, now())),
    pulledBytes: shardStatuses.reduce((sum, { sentBytes = 0 }) => sum + Number(sentBytes), 0),
    pushedBytes: shardStatuses.reduce((sum, { receivedBytes = 0 }) => sum + Number(receivedBytes), 0),
    regrantedLeases: ledger.counts().regranted,
    refusedPushes: record.refusedPushes,
    lastError: record.lastError,
    shards: shardStatuses,
    data: dataStatus(sources, position),
    events: [...events.recent()],
    waitingFor: state === 'WAITING' ? (coordinator.waitingFor() ?? '') : '',
    minWorkers: config.exchange.minWorkers ?? 1,
    startedUnixMs: record.startedUnixMs,
    preset: config.preset,
    tokensPerSecond: perSecond(record.recentSteps),
    stageSteps: plans.map(({ totalSteps }) => totalSteps),
    stageNames: config.stages.map(({ name }) => name),
    ...(remainingMs !== null && { remainingMs }),
    ...(record.lastStep && { lastStep: stepStatus(config, record.lastStep) }),
    ...(lastSnapshot && {
      lastSnapshot: {
        ...lastSnapshot.position,
        name: lastSnapshot.name,
        writtenUnixMs: lastSnapshot.unixMs,
        durationMs: lastSnapshot.ms,
      },
    }),
  };
}

/** The ledger of a finished run is past the last stage; for people it stands at its end. */
function lastPosition(position: RunPosition, plans: readonly StagePlan[]): RunPosition {
  if (position.stage < plans.length) return position;
  return { stage: plans.length - 1, step: plans.at(-1)?.totalSteps ?? 0 };
}

/** From the last steps' durations; null before there is one. */
function remaining({ plans, record }: StatusSources, { stage, step }: RunPosition): number | null {
  const { recentSteps } = record;
  if (recentSteps.length === 0) return null;
  const steps = plans.slice(stage).reduce((sum, { totalSteps }) => sum + totalSteps, 0) - step;
  return (steps * recentSteps.reduce((sum, { ms }) => sum + ms, 0)) / recentSteps.length;
}

function dataStatus(
  { plans, record }: StatusSources,
  { stage, step }: RunPosition,
): NonNullable<RunStatusInput['data']> {
  const plan = plans[stage];
  const samplesTotal = (plan?.samples ?? 0) * (plan?.epochs ?? 0);
  const samplesDone = Math.min(step * (plan?.globalBatchSamples ?? 0), samplesTotal);
  const { tokens, labelTokens, skippedSamples, truncatedSamples } = record;
  return {
    epoch: Math.min(Math.floor(samplesDone / Math.max(1, plan?.samples ?? 1)), Math.max(0, (plan?.epochs ?? 1) - 1)),
    epochs: plan?.epochs ?? 0,
    samplesPerEpoch: plan?.samples ?? 0,
    samplesDone,
    samplesTotal,
    skippedSamples,
    truncatedSamples,
    tokens,
    labelTokens,
  };
}

function workerStatus(member: Member, nowMs: number): WorkerStatusInput {
  const { recentLeases } = member;
  return {
    worker: member.name,
    incarnation: member.incarnation,
    phase: `PHASE_${member.phase}`,
    heartbeatAgeMs: Math.max(0, Math.round(nowMs - member.heardMs)),
    leases: member.working === null ? [] : [member.working],
    deliveredLeases: member.deliveredLeases,
    residentBytes: member.residentBytes,
    device: member.device,
    tokensPerSecond: perSecond(recentLeases),
    waitingShare: waitingShare(recentLeases),
    restarts: member.restarts,
    lastError: member.lastError,
    connected: member.link !== null,
    timingsMs: { ...recentLeases.at(-1)?.timings },
    joinedUnixMs: member.joinedUnixMs,
  };
}

/** Everything but computing. */
function waitingShare(leases: Member['recentLeases']): number {
  const whole = leases.reduce((sum, { ms }) => sum + ms, 0);
  const computing = leases.reduce((sum, { timings }) => sum + (timings['compute'] ?? 0), 0);
  return whole === 0 ? 0 : Math.max(0, 1 - computing / whole);
}

function perSecond(portions: readonly { readonly ms: number; readonly tokens: number }[]): number {
  const ms = portions.reduce((sum, portion) => sum + portion.ms, 0);
  const tokens = portions.reduce((sum, portion) => sum + portion.tokens, 0);
  return ms === 0 ? 0 : (tokens * 1000) / ms;
}

function shardStatus(port: ShardPort, { lastStep }: RunRecord): ShardStatusInput {
  const { index, address } = port;
  const {
    parameterBytes,
    residentBytes = 0,
    receivedBytes = 0,
    sentBytes = 0,
    queuedPushes = 0,
    lastError,
  } = port.health();
  const traffic = { parameterBytes, residentBytes, receivedBytes, sentBytes, queuedPushes };
  return { index, address, connected: port.connected(), ...traffic, applyMs: lastStep?.applyMs ?? 0, lastError };
}

/** A step of the run's log as the wire has it. */
export function stepStatus({ stages }: RunConfig, record: StepRecord): StepStatusInput {
  const { stage, step, loss, learningRate, gradNorm, labelTokens, samples, ms } = record;
  return {
    stage: stages.findIndex(({ name }) => name === stage),
    step: step - 1,
    loss,
    learningRate,
    gradientNorm: gradNorm,
    labelTokens,
    durationMs: ms,
    samples,
    tokens: record.tokens,
    skippedSamples: record.skippedSamples,
    truncatedSamples: record.truncatedSamples,
    timingsMs: { ...record.timings },
    applyMs: record.applyMs ?? 0,
    finishedUnixMs: record.unixMs ?? 0,
  };
}
