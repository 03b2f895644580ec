import { PROTOCOL_VERSION, type FingerprintMessage } from '@llava-ts/protos';
import { silentLogger, type LlavaError } from '@llava-ts/telemetry';
import { createStepLedger, stepLeases, type LeaseFacts, type LeaseId, type StepLedger } from '@llava-ts/trainer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toyRun } from '../../testing/toy-run.js';
import { createCoordinator, type Coordinator } from './coordinator.js';
import { createEventLog } from './events.js';
import type { Member, MemberLink } from './members.js';

const IDENTITY = { runId: 'r', generation: 5, configDigest: 'c', frozenDigest: 'f', engineVersion: 'e' };
const FINGERPRINT: FingerprintMessage = {
  protocolVersion: PROTOCOL_VERSION,
  configDigest: 'c',
  frozenDigest: 'f',
  engineVersion: 'e',
};

let nowMs = 0;
let ledger: StepLedger;
let coordinator: Coordinator;
let minWorkers = 1;
let missing: string | null = null;
const factsOf = (lease: number): LeaseFacts => ({
  lease: stepLeases(toyRun().plans[0]!, 0)[lease]!,
  labelTokens: 1,
  lossSum: 1,
});
let failed: { lease: LeaseId; reason: string }[];

function begin(): void {
  nowMs = 0;
  failed = [];
  const now = (): number => nowMs;
  ledger = createStepLedger({ plans: toyRun().plans, leaseTimeoutMs: 1000, now });
  coordinator = createCoordinator({
    identity: IDENTITY,
    ledger,
    leaseTimeoutMs: 1000,
    heartbeatTimeoutMs: 500,
    minWorkers,
    logger: silentLogger,
    events: createEventLog({ unixMs: () => 0, position: ledger.position }),
    now,
    unixMs: () => 0,
    missing: () => missing,
    onGranted: () => {},
    onGone: () => {},
    onFailedLease: (lease, reason) => failed.push({ lease, reason }),
  });
}
beforeEach(() => {
  [minWorkers, missing] = [1, null];
  begin();
});
afterEach(() => coordinator.close(null));

/** A worker without a wire: what it is told is written down. */
function enter(
  name: string,
  holding: LeaseId[] = [],
): { member: Member; told: string[]; ended: (LlavaError | null)[]; link: MemberLink } {
  const told: string[] = [];
  const ended: (LlavaError | null)[] = [];
  const link: MemberLink = {
    grant: ({ lease }) => told.push(`lease ${lease.lease} of step ${lease.step}`),
    stageChange: (stage) => told.push(`stage ${stage}`),
    done: () => told.push('done'),
    drain: (reason) => told.push(`drain: ${reason}`),
    cancel: ({ lease }, reason) => told.push(`cancel ${lease}: ${reason}`),
    end: (error) => ended.push(error),
  };
  coordinator.join({ worker: name, incarnation: `${name}-1`, fingerprint: FINGERPRINT });
  const member = coordinator.attach({ runId: 'r', generation: 5, incarnation: `${name}-1` }, holding, link);
  return { member, told, ended, link };
}

const ready = (member: Member): void => coordinator.ready(member, FINGERPRINT, 0);

test('leases go to those who ask, each to one, in the order of asking', () => {
  const [a, b] = [enter('a'), enter('b')];
  ready(b.member);
  ready(a.member);
  ready(b.member);
  expect([a.told, b.told]).toEqual([['lease 1 of step 0'], ['lease 0 of step 0', 'lease 2 of step 0']]);
});

test('a worker that is prepared for another stage is told which one is trained', () => {
  const { member, told } = enter('a');
  coordinator.ready(member, FINGERPRINT, 1);
  expect(told).toEqual(['stage 0']);
});

test('a worker that is silent for too long is sent away and its lease goes to another', () => {
  const [a, b] = [enter('a'), enter('b')];
  ready(a.member);
  for (nowMs = 100; nowMs <= 600; nowMs += 100) {
    coordinator.heartbeat(b.member, {
      sequence: 1,
      phase: 'PHASE_WAITING',
      residentBytes: 0,
      device: '',
      lastError: '',
    });
    coordinator.tick();
  }
  expect(a.ended[0]).toMatchObject({ code: 'refused' });
  expect(coordinator.members.all().map(({ name }) => name)).toEqual(['b']);
  ready(b.member);
  expect(b.told).toEqual(['lease 0 of step 0']);
});

test('a server that stood still itself does not take its workers for dead', () => {
  const { member, ended } = enter('a');
  ready(member);
  nowMs = 60_000;
  coordinator.tick();
  expect(ended).toEqual([]);
  nowMs += 100;
  coordinator.tick();
  expect(coordinator.members.all()).toHaveLength(1);
});

test('a grant that was lost with its session is given out again; one that the worker has is kept', () => {
  const [a, b] = [enter('a'), enter('b')];
  ready(a.member);
  coordinator.detach(a.member, a.link);
  const kept = enter('a', [{ stage: 0, step: 0, lease: 0 }]);
  ready(b.member);
  expect(b.told).toEqual(['lease 1 of step 0']);
  coordinator.detach(kept.member, kept.link);
  const lost = enter('a', []);
  ready(lost.member);
  expect(lost.told).toEqual(['lease 0 of step 0']);
});

test('whoever works on a lease that another has delivered is told', () => {
  const [a, b] = [enter('a'), enter('b')];
  ready(a.member);
  ready(b.member);
  coordinator.delivered(factsOf(1), a.member);
  coordinator.delivered(factsOf(0), a.member);
  expect(a.told).toEqual(['lease 0 of step 0']);
  expect(b.told).toEqual(['lease 1 of step 0', 'cancel 1: worker a has delivered it']);
});

test('a paused run gives out nothing, a draining one sends everybody home', () => {
  const { member, told } = enter('a');
  coordinator.hold({ kind: 'paused' });
  ready(member);
  expect(told).toEqual([]);
  coordinator.hold({ kind: 'draining', reason: 'enough' });
  expect(told).toEqual(['drain: enough']);
});

test('a lease that is handed back is given out again, and why is known', () => {
  const [a, b] = [enter('a'), enter('b')];
  ready(a.member);
  coordinator.release(a.member, { stage: 0, step: 0, lease: 0 }, 'a picture\nis missing', true);
  ready(b.member);
  expect(b.told).toEqual(['lease 0 of step 0']);
  expect(failed).toEqual([{ lease: { stage: 0, step: 0, lease: 0 }, reason: 'a picture is missing' }]);
});

test('below the least number of workers nothing is granted, and the reason is told', () => {
  minWorkers = 2;
  begin();
  const a = enter('a');
  ready(a.member);
  expect([a.told, coordinator.waitingFor()]).toEqual([[], '1 of 2 workers are there']);
  const b = enter('b');
  expect([a.told, coordinator.waitingFor()]).toEqual([['lease 0 of step 0'], null]);
  coordinator.leave(b.member, 'enough');
  ready(a.member);
  expect(a.told).toEqual(['lease 0 of step 0']);
});

test('while something else is missing nothing is granted', () => {
  missing = 'waits for shard 1';
  const a = enter('a');
  ready(a.member);
  expect(a.told).toEqual([]);
  missing = null;
  coordinator.dispatch();
  expect(a.told).toEqual(['lease 0 of step 0']);
});
