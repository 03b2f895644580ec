import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStageOrder, planStage, stepLeases } from './stage-plan.js';

const shapes = fc.record({
  samples: fc.integer({ min: 1, max: 60 }),
  epochs: fc.integer({ min: 1, max: 4 }),
  globalBatchSamples: fc.integer({ min: 1, max: 40 }),
  leasesPerStep: fc.integer({ min: 1, max: 9 }),
});
const plan = (
  shape: { samples: number; epochs: number; globalBatchSamples: number; leasesPerStep: number },
  maxSteps: number | null = null,
) => planStage({ stage: 0, config: { name: 'align', ...shape }, samples: shape.samples, maxSteps });

/** A permutation that is easy to tell from the identity and from other epochs. */
const rotated = (samples: number) => (epoch: number) =>
  Uint32Array.from({ length: samples }, (_, index) => (index * 1 + epoch + 1) % samples);

describe('stage plan', () => {
  it('uses every sample exactly once per epoch, whatever the sizes', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const stage = plan(shape);
        const samplesOf = createStageOrder(stage, rotated(shape.samples));
        const walked = Array.from({ length: stage.totalSteps }, (_, step) => stepLeases(stage, step))
          .flat()
          .flatMap((lease) => samplesOf(lease));
        for (let epoch = 0; epoch < shape.epochs; epoch++) {
          const seen = walked.slice(epoch * shape.samples, (epoch + 1) * shape.samples);
          expect(seen).toEqual([...rotated(shape.samples)(epoch)]);
        }
        expect(walked).toHaveLength(shape.samples * shape.epochs);
      }),
    );
  });

  it('cuts a global batch into gapless leases that differ by at most one sample and are never empty', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const stage = plan(shape);
        for (let step = 0; step < stage.totalSteps; step++) {
          const leases = stepLeases(stage, step);
          const counts = leases.map((lease) => lease.count);
          expect(Math.min(...counts)).toBeGreaterThan(0);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          leases.forEach((lease, index) =>
            expect(lease.first).toBe(
              step * shape.globalBatchSamples + counts.slice(0, index).reduce((sum, count) => sum + count, 0),
            ),
          );
        }
      }),
    );
  });

  it('trains on a short last global batch instead of dropping it', () => {
    const stage = plan({ samples: 10, epochs: 1, globalBatchSamples: 4, leasesPerStep: 3 });
    expect(stage.totalSteps).toBe(3);
    expect(stepLeases(stage, 2).map(({ first, count }) => ({ first, count }))).toEqual([
      { first: 8, count: 1 },
      { first: 9, count: 1 },
    ]);
  });

  it('stops at the cap on steps', () => {
    const stage = plan({ samples: 100, epochs: 3, globalBatchSamples: 10, leasesPerStep: 2 }, 7);
    expect(stage.totalSteps).toBe(7);
    expect(() => stepLeases(stage, 7)).toThrow('steps 0 to 6, not 7');
  });

  it('refuses sizes that are no positive whole numbers', () => {
    expect(() => plan({ samples: 0, epochs: 1, globalBatchSamples: 4, leasesPerStep: 1 })).toThrow(
      "stage 'align': samples must be a positive whole number, got 0",
    );
    expect(() => plan({ samples: 4, epochs: 0.5, globalBatchSamples: 4, leasesPerStep: 1 })).toThrow(
      'epochs must be a positive whole number, got 0.5',
    );
  });

  it('ends every epoch with the short batches of a grouped order, and covers each position once', () => {
    const config = { name: 's', epochs: 2, globalBatchSamples: 4, leasesPerStep: 2 };
    const plan = planStage({ stage: 0, config, samples: 13, maxSteps: null, tails: [3, 2] });
    const batches = Array.from({ length: plan.totalSteps }, (_, step) => stepLeases(plan, step));
    const sizes = batches.map((leases) => leases.reduce((sum, { count }) => sum + count, 0));
    expect(sizes).toEqual([4, 4, 3, 2, 4, 4, 3, 2]);
    const positions = batches
      .flat()
      .flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at));
    expect(positions).toEqual(Array.from({ length: 26 }, (_, at) => at));
  });
});
