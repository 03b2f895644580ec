import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUpdateState, type UpdateState } from './update.js';

const OPTIONS = {
  learningRate: 1e-2,
  gradientScale: 0.5,
  clipScale: 1,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0.1,
} as const;
const values = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(seed * 31 + i * 1.7) * 10 ** ((i + seed) % 7));
const gradients = (seed: number): Map<string, Float32Array> =>
  new Map([
    ['weight', values(12, seed)],
    ['bias', values(5, seed + 100)],
  ]);
const create = (): UpdateState =>
  createUpdateState(
    new Map([
      ['weight', { shape: [4, 3], parameter: values(12, 7) }],
      ['bias', { shape: [5], parameter: values(5, 8) }],
    ]),
  );
const bits = (arrays: ReadonlyMap<string, Float32Array>): string[] =>
  [...arrays].map(([name, array]) => `${name} ${Buffer.from(array.buffer).toString('hex')}`);

function stepped(order: readonly number[]): UpdateState {
  const state = create();
  for (const lease of order) state.addLease(lease, gradients(lease));
  state.apply(OPTIONS);
  return state;
}

describe('update state', () => {
  it('sums leases in lease order, in whatever order they come', () => {
    const expected = bits(stepped([0, 1, 2, 3, 4, 5]).parameters());
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
        expect(bits(stepped(order).parameters())).toEqual(expected);
      }),
    );
  });

  it('gives sums of squares in name order', () => {
    const state = create();
    state.addLease(
      0,
      new Map([
        ['weight', new Float32Array(12).fill(2)],
        ['bias', new Float32Array(5).fill(3)],
      ]),
    );
    expect([...state.sumOfSquares()]).toEqual([
      ['bias', [45]],
      ['weight', [48]],
    ]);
  });

  it('decays matrices and not biases', () => {
    const state = create();
    state.addLease(
      0,
      new Map([
        ['weight', new Float32Array(12)],
        ['bias', new Float32Array(5)],
      ]),
    );
    state.apply(OPTIONS);
    expect(state.parameters().get('bias')).toEqual(values(5, 8));
    state
      .parameters()
      .get('weight')!
      .forEach((value, i) => expect(value).toBeCloseTo(values(12, 7)[i]! * (1 - 1e-3), 0));
    expect(state.parameters().get('weight')).not.toEqual(values(12, 7));
  });

  it('refuses a gradient that is not finite by tensor name, and changes nothing', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const state = create();
      const poisoned = gradients(0);
      poisoned.get('bias')![3] = bad;
      expect(() => state.addLease(0, poisoned)).toThrow(`gradient of 'bias' is ${bad} at element 3`);
      expect(state.leases()).toBe(0);
      state.addLease(0, gradients(0));
      state.apply(OPTIONS);
      expect(bits(state.parameters())).toEqual(bits(stepped([0]).parameters()));
    }
  });

  it('lists every tensor that is missing, extra or of another size', () => {
    const wrong = new Map([
      ['weight', new Float32Array(11)],
      ['other', new Float32Array(1)],
    ]);
    expect(() => create().addLease(0, wrong)).toThrow(
      "'bias' is missing; 'weight' has 11 elements, expected 12; 'other' is not one of them",
    );
  });

  it('refuses a lease that was added before', () => {
    const state = create();
    state.addLease(0, gradients(0));
    state.addLease(2, gradients(2));
    expect(() => state.addLease(0, gradients(0))).toThrow('lease 0');
    expect(() => state.addLease(2, gradients(2))).toThrow('lease 2');
  });

  it('does not apply a step that lacks a lease', () => {
    const state = create();
    state.addLease(1, gradients(1));
    expect(() => state.apply(OPTIONS)).toThrow('lease 0 of the step is missing');
  });

  it('goes on from an exported state bit for bit', () => {
    const straight = stepped([0, 1]);
    const exported = structuredClone(straight.exportState());
    const resumed = create();
    resumed.importState(exported);
    for (const state of [straight, resumed]) {
      state.addLease(0, gradients(9));
      state.apply(OPTIONS);
    }
    expect(bits(resumed.parameters())).toEqual(bits(straight.parameters()));
    expect(resumed.exportState().updates).toBe(2);
  });

  it('refuses a stored state of other tensors', () => {
    const snapshot = { ...create().exportState(), secondMoments: new Map([['weight', new Float32Array(12)]]) };
    expect(() => create().importState(snapshot)).toThrow("second moment 'bias' is missing");
  });
});
