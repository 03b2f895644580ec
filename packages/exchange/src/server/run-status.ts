import type { RunStatusInput, StepStatusInput, WorkerStatusInput } from '@llava-ts/protos';
import type { RunConfig, RunPosition, StagePlan, StepLedger, StepRecord } from '@llava-ts/trainer';
import type { RunIdentity } from './checks.js';
import type { Coordinator } from './coordinator.js';
import type { Member } from './members.js';

/** Where a run stands. */
export type RunState = 'WAITING' | 'RUNNING' | 'PAUSED' | 'STOPPING' | 'DONE' | 'FAILED';

/** What happened in a run so far, counted where it happens. */
export interface RunRecord {
  pulledBytes: number;
  pushedBytes: number;
  refusedPushes: number;
  lastError: string;
  lastStep: StepRecord | null;
  lastSnapshot: RunPosition | null;
}

/** Everything that a status is made from. */
export interface StatusSources {
  readonly identity: RunIdentity;
  readonly config: RunConfig;
  readonly plans: readonly StagePlan[];
  readonly ledger: StepLedger;
  readonly coordinator: Coordinator;
  readonly record: RunRecord;
  readonly state: RunState;
  readonly now: () => number;
}

/** A record with nothing in it. */
export function createRunRecord(): RunRecord {
  return { pulledBytes: 0, pushedBytes: 0, refusedPushes: 0, lastError: '', lastStep: null, lastSnapshot: null };
}

/** Makes the message that the Status service sends. */
export function runStatus({
  identity,
  config,
  plans,
  ledger,
  coordinator,
  record,
  state,
  now,
}: StatusSources): RunStatusInput {
  const { stage, step } = lastPosition(ledger.position(), plans);
  const { lastStep, lastSnapshot } = record;
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
    pulledBytes: record.pulledBytes,
    pushedBytes: record.pushedBytes,
    regrantedLeases: ledger.counts().regranted,
    refusedPushes: record.refusedPushes,
    lastError: record.lastError,
    ...(lastStep && { lastStep: stepStatus(config, lastStep) }),
    ...(lastSnapshot && {
      lastSnapshot: { ...lastSnapshot, name: `${config.stages[lastSnapshot.stage]?.name}-${lastSnapshot.step}` },
    }),
  };
}

/** The ledger of a finished run is past the last stage; for people it stands at its end. */
function lastPosition(position: RunPosition, plans: readonly StagePlan[]): RunPosition {
  if (position.stage < plans.length) return position;
  return { stage: plans.length - 1, step: plans.at(-1)?.totalSteps ?? 0 };
}

function workerStatus(member: Member, nowMs: number): WorkerStatusInput {
  return {
    worker: member.name,
    incarnation: member.incarnation,
    phase: `PHASE_${member.phase}`,
    heartbeatAgeMs: Math.max(0, Math.round(nowMs - member.heardMs)),
    leases: member.working === null ? [] : [member.working],
    deliveredLeases: member.deliveredLeases,
    residentBytes: member.residentBytes,
  };
}

/** A step of the run's log as the wire has it. */
export function stepStatus(
  { stages }: RunConfig,
  { stage, step, loss, learningRate, gradNorm, labelTokens, ms }: StepRecord,
): StepStatusInput {
  const index = stages.findIndex(({ name }) => name === stage);
  return { stage: index, step: step - 1, loss, learningRate, gradientNorm: gradNorm, labelTokens, durationMs: ms };
}
