import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lease } from './exchange-port.js';
import { planStage, stepLeases } from './stage-plan.js';
import { createStepLedger, type StepLedger } from './step-ledger.js';

const plans = [
  planStage({
    stage: 0,
    config: { name: 'one', epochs: 1, globalBatchSamples: 6, leasesPerStep: 3 },
    samples: 14,
    maxSteps: null,
  }),
  planStage({
    stage: 1,
    config: { name: 'two', epochs: 2, globalBatchSamples: 5, leasesPerStep: 2 },
    samples: 5,
    maxSteps: null,
  }),
];
const clock = (): { now: () => number; pass: (ms: number) => void } => {
  let time = 0;
  return { now: () => time, pass: (ms) => (time += ms) };
};
const facts = (lease: Lease) => ({ lease, labelTokens: lease.count * 3, lossSum: lease.first + 0.1 });
const take = (ledger: StepLedger, holder: string, stage = 0): Lease => {
  const grant = ledger.grant(holder, stage);
  if (grant.kind !== 'lease') throw new Error(`expected a lease, got ${grant.kind}`);
  return grant.lease;
};

describe('step ledger', () => {
  it('grants each lease once, then asks the next worker to wait for the first deadline', () => {
    const { now, pass } = clock();
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now });
    expect([take(ledger, 'a').lease, take(ledger, 'b').lease, take(ledger, 'a').lease]).toEqual([0, 1, 2]);
    pass(10);
    expect(ledger.grant('c', 0)).toEqual({ kind: 'wait', untilMs: 100 });
    expect(ledger.tally()).toEqual({ open: 0, held: 3, finished: 0 });
  });

  it('grants an expired lease again, and a renewed one not', () => {
    const { now, pass } = clock();
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now });
    const [first] = [take(ledger, 'a'), take(ledger, 'b'), take(ledger, 'b')];
    pass(90);
    expect(ledger.renew('b')).toHaveLength(2);
    pass(20);
    expect(take(ledger, 'c')).toEqual(first);
    expect(ledger.grant('d', 0).kind).toBe('wait');
    expect(ledger.counts().regranted).toBe(1);
  });

  it('takes the first result of a lease that was granted twice', () => {
    const { now, pass } = clock();
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now });
    const [lease] = [take(ledger, 'slow'), take(ledger, 'other'), take(ledger, 'other')];
    pass(50);
    ledger.renew('other');
    pass(51);
    expect(take(ledger, 'quick')).toEqual(lease);
    expect(ledger.submit(facts(lease))).toBe('accepted');
    expect(ledger.submit(facts(lease))).toBe('duplicate');
  });

  it('opens the leases of a worker that is lost', () => {
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now: () => 0 });
    const lost = take(ledger, 'a');
    expect(ledger.release('a')).toEqual([lost]);
    expect(take(ledger, 'b')).toEqual(lost);
  });

  it('waits for the step to be applied, then goes on to the next', () => {
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now: () => 0 });
    const leases = [take(ledger, 'a'), take(ledger, 'a'), take(ledger, 'a')];
    for (const lease of leases.reverse()) ledger.submit(facts(lease));
    expect(ledger.complete()).toBe(true);
    expect(ledger.grant('a', 0)).toEqual({ kind: 'wait', untilMs: null });
    expect(ledger.totals()).toMatchObject({ samples: 6, labelTokens: 18, lossSum: 0.1 + 2.1 + 4.1 });
    ledger.advance();
    expect(take(ledger, 'a')).toMatchObject({ step: 1, version: 1, first: 6 });
    expect(ledger.submit(facts(leases[0]!))).toBe('stale');
  });

  it('moves workers to the next stage, and ends', () => {
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now: () => 0, start: { stage: 0, step: 2 } });
    for (const lease of stepLeases(plans[0]!, 2)) ledger.submit(facts(lease));
    ledger.advance();
    expect(ledger.grant('a', 0)).toEqual({ kind: 'stage', stage: 1 });
    for (let step = 0; step < 2; step++) {
      for (const lease of stepLeases(plans[1]!, step)) ledger.submit(facts(lease));
      ledger.advance();
    }
    expect(ledger.grant('a', 1)).toEqual({ kind: 'done' });
  });

  /** A first step in which every lease took `ms`; then all leases of the second are held by `slow`. */
  const withSlow = (ms: number): { ledger: StepLedger; pass: (ms: number) => void } => {
    const { now, pass } = clock();
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 60_000, now });
    for (let step = 0; step < 2; step++) {
      const leases = [take(ledger, 'quick'), take(ledger, 'quick'), take(ledger, 'slow')];
      pass(ms);
      for (const lease of leases) ledger.submit(facts(lease));
      ledger.advance();
    }
    return { ledger, pass };
  };

  it('grants a late lease to a second worker too, when nothing else is left', () => {
    const { ledger, pass } = withSlow(3000);
    const late = take(ledger, 'slow');
    expect(take(ledger, 'quick')).not.toEqual(late);
    expect(ledger.grant('idle', 0)).toMatchObject({ kind: 'wait', untilMs: 12_000 });
    pass(6000);
    expect(ledger.grant('slow', 0).kind).toBe('lease'); // the other one's: nobody backs itself up
    expect(ledger.grant('idle', 0)).toMatchObject({ kind: 'lease', why: 'backup', holders: ['slow'], lease: late });
    expect(ledger.grant('third', 0).kind).toBe('wait');
    expect(ledger.submit(facts(late))).toBe('accepted');
    expect(ledger.submit(facts(late))).toBe('duplicate');
    expect(ledger.counts()).toMatchObject({ backups: 2, regranted: 0 });
  });

  it('keeps a lease granted while one of its two workers lives', () => {
    const { ledger, pass } = withSlow(3000);
    const late = take(ledger, 'slow');
    take(ledger, 'quick');
    pass(6000);
    expect(take(ledger, 'idle')).toEqual(late);
    ledger.release('slow');
    expect(ledger.grant('third', 0)).toMatchObject({ why: 'backup', holders: ['quick'] });
    expect(ledger.grant('fourth', 0).kind).toBe('wait');
    ledger.release('idle');
    expect(take(ledger, 'fourth')).toEqual(late);
  });

  it('gives a lease that a worker failed to another first', () => {
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now: () => 0 });
    const failed = take(ledger, 'broken');
    ledger.fail(failed, 'broken');
    expect(take(ledger, 'broken').lease).toBe(1);
    expect(take(ledger, 'other')).toEqual(failed);
  });

  it('leaves a lease out and has all others of the step done again', () => {
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now: () => 0 });
    const leases = [take(ledger, 'a'), take(ledger, 'b'), take(ledger, 'b')];
    ledger.submit(facts(leases[2]!));
    ledger.skip(leases[1]!);
    expect([ledger.skipped(), ledger.finished()]).toEqual([[1], [1]]);
    expect(ledger.submit(facts(leases[1]!))).toBe('duplicate');
    for (const lease of [take(ledger, 'c'), take(ledger, 'c')]) ledger.submit(facts(lease));
    expect(ledger.totals()).toMatchObject({ samples: 4, skippedSamples: 2, labelTokens: 12 });
  });

  it('refuses a slice that is none of the step', () => {
    const ledger = createStepLedger({ plans, leaseTimeoutMs: 100, now: () => 0 });
    const [lease] = stepLeases(plans[0]!, 0);
    expect(() => ledger.submit(facts({ ...lease!, count: 9 }))).toThrow('expected samples 0 to 1');
    expect(() => ledger.submit(facts({ ...lease!, lease: 3 }))).toThrow('expected leases 0 to 2');
  });

  it('counts every sample exactly once whatever workers do: die, repeat, come late, come twice', () => {
    const action = fc.record({
      kind: fc.constantFrom('grant', 'submit', 'resubmit', 'crash', 'renew', 'pass', 'advance'),
      holder: fc.constantFrom('a', 'b', 'c'),
      pick: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const { now, pass } = clock();
        const ledger = createStepLedger({ plans, leaseTimeoutMs: 50, now });
        const inHand: Lease[] = [];
        const counted = new Map<string, number>();
        const submit = (lease: Lease): void => {
          if (ledger.submit(facts(lease)) !== 'accepted') return;
          for (let at = lease.first; at < lease.first + lease.count; at++) {
            const key = `${lease.stage}:${at}`;
            counted.set(key, (counted.get(key) ?? 0) + 1);
          }
        };
        for (const { kind, holder, pick } of actions) {
          const late = inHand[pick % Math.max(1, inHand.length)];
          if (kind === 'grant') {
            const grant = ledger.grant(holder, ledger.position().stage);
            if (grant.kind === 'lease') inHand.push(grant.lease);
          } else if ((kind === 'submit' || kind === 'resubmit') && late !== undefined) submit(late);
          else if (kind === 'crash') ledger.release(holder);
          else if (kind === 'renew') ledger.renew(holder);
          else if (kind === 'pass') pass(pick * 5);
          else if (kind === 'advance' && ledger.complete()) ledger.advance();
        }
        // Whatever state that left behind, one live worker can finish the run.
        for (let turns = 0; ledger.position().stage < plans.length && turns < 1000; turns++) {
          pass(51);
          const grant = ledger.grant('last', ledger.position().stage);
          if (grant.kind === 'lease') submit(grant.lease);
          if (ledger.complete()) ledger.advance();
        }
        expect(counted.size).toBe(14 + 10);
        expect([...counted.values()].every((times) => times === 1)).toBe(true);
      }),
    );
  });
});
