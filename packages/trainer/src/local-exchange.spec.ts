import { initialize, createRandom } from '@llava-ts/engine';
import { llavaParameters } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GradientExchange, Lease, LeaseResult } from './exchange-port.js';
import { partTensors } from './learning-tensors.js';
import { createLocalExchange } from './local-exchange.js';
import type { LocalExchange } from './local-exchange.js';
import type { ModelHost } from './model-host.js';
import type { OpenRun } from './open-run.js';
import type { RunConfig } from './run-config.js';
import { planStage } from './stage-plan.js';
import type { StepFacts } from './step-update.js';
import { runWorker } from './worker.js';

const MODEL: LlavaConfig = {
  vision: {
    kind: 'clip',
    imageSizePx: 4,
    patchSizePx: 2,
    hidden: 4,
    inner: 4,
    layers: 1,
    heads: 1,
    activation: 'gelu',
    layerNormEps: 1e-5,
  },
  projector: { kind: 'linear' },
  decoder: {
    vocab: 8,
    hidden: 4,
    inner: 4,
    layers: 1,
    heads: 1,
    keyHeads: 1,
    headDim: 4,
    rmsNormEps: 1e-5,
    ropeTheta: 1e4,
    maxTokens: 8,
    tiedEmbeddings: true,
    attentionBias: false,
  },
  imageTokenId: 7,
  featureLayer: -1,
  featureSelect: 'patch',
};
const STAGE = {
  template: 'v1',
  data: { json: '', images: '' },
  epochs: 1,
  globalBatchSamples: 5,
  leasesPerStep: 3,
  microBatchSamples: 1,
  contextTokens: 8,
  bucketTokens: [8],
  learningRate: 0.01,
  warmupRatio: 0,
  weightDecay: 0.1,
  betas: [0.9, 0.99],
  eps: 1e-8,
  clipNorm: 1,
} as const;
const CONFIG = {
  seed: 1,
  stages: [
    { ...STAGE, name: 'align', trainable: ['projector'] },
    { ...STAGE, name: 'instruct', trainable: ['decoder'] },
  ],
  train: { steps: null, snapshotEverySteps: 1, keepSnapshots: 1 },
  exchange: { leaseTimeoutMs: 30, heartbeatMs: 10, chunkBytes: 1024 },
} as unknown as RunConfig;
const SAMPLES = 12;

function openTinyRun(): OpenRun {
  const values = initialize(llavaParameters(MODEL), createRandom(3));
  const tensors = new Map(
    [...partTensors(MODEL, ['projector', 'decoder'])].map(([path, shape]) => [
      path,
      { shape, parameter: values.get(path)! },
    ]),
  );
  const plans = CONFIG.stages.map((config, stage) => planStage({ stage, config, samples: SAMPLES, maxSteps: null }));
  return { config: CONFIG, model: { config: MODEL, tokens: { eosIds: [] } }, plans, dataDigests: ['', ''], tensors };
}

/** A device without TensorFlow: gradients that depend on the lease's samples and on the parameters that were pulled, and on nothing else. */
function simulatedHost(beforeResult: () => Promise<void> = () => Promise.resolve()): ModelHost {
  let parameters: ReadonlyMap<string, Float32Array> = new Map();
  let learning: string[] = [];
  return {
    prepare: (config, stage) => {
      learning = [...partTensors(MODEL, config.stages[stage]!.trainable).keys()];
      return Promise.resolve();
    },
    update: (pulled) => {
      parameters = new Map([...pulled].map(([path, values]) => [path, values.slice()]));
      return Promise.resolve();
    },
    compute: async (lease): Promise<LeaseResult> => {
      await beforeResult();
      const all = [...parameters.values()].reduce(
        (sum, values) => sum + values.reduce((inner, value) => inner + value, 0),
        0,
      );
      const gradients = new Map(
        learning.map((path) => [
          path,
          parameters.get(path)!.map((value, i) => value * lease.count + Math.sin(lease.first * 7 + i + all) / 3),
        ]),
      );
      return { lease, gradients, labelTokens: lease.count * 2, lossSum: lease.count + lease.first * 0.1, timings: {} };
    },
    close: () => Promise.resolve(),
  };
}

function createRun(onStep?: (facts: StepFacts) => void): LocalExchange {
  return createLocalExchange({
    runId: 'run',
    run: openTinyRun(),
    now: () => performance.now(),
    ...(onStep && { onStep }),
  });
}

function bits(local: LocalExchange): string {
  return [...local.snapshot().parameters]
    .map(([path, values]) => `${path} ${Buffer.from(values.buffer).toString('hex')}`)
    .join('\n');
}

async function trainAlone(): Promise<{ bits: string; facts: StepFacts[] }> {
  const facts: StepFacts[] = [];
  const local = createRun((step) => facts.push(step));
  await runWorker(local.exchange('alone'), simulatedHost());
  return { bits: bits(local), facts };
}

describe('local exchange', () => {
  it('takes one worker through all stages', async () => {
    const { facts } = await trainAlone();
    expect(facts.map(({ stage, step, steps, samples }) => ({ stage, step, steps, samples }))).toEqual(
      ['align', 'instruct'].flatMap((stage) =>
        [5, 5, 2].map((samples, index) => ({ stage, step: index + 1, steps: 3, samples })),
      ),
    );
    expect(facts[0]!.loss).toBeCloseTo((5 + 0.1 * (0 + 1 + 3)) / 10, 12);
  });

  it('gives a worker that joins in stage 2 what was learnt in stage 1, although it learns no more', async () => {
    const controller = new AbortController();
    const local = createRun(({ step, steps }) => {
      if (step === steps) controller.abort();
    });
    await runWorker(local.exchange('first'), simulatedHost(), { signal: controller.signal });
    const late = local.exchange('late');
    expect(await late.join()).toMatchObject({ stage: 1 });
    expect(await late.next()).toMatchObject({ kind: 'lease', lease: { stage: 1, step: 0, version: 0 } });
    const pulled = await late.pull({ stage: 1, version: 0, have: null });
    const learnt = pulled.get('projector.layers.0.weight')!;
    expect(learnt).not.toEqual(initialize(llavaParameters(MODEL), createRandom(3)).get('projector.layers.0.weight'));
    expect([...pulled.keys()].some((path) => path.startsWith('decoder.'))).toBe(true);
    expect(await late.pull({ stage: 1, version: 0, have: 0 })).toEqual(new Map());
    await expect(late.pull({ stage: 0, version: 2, have: null })).rejects.toThrow('are gone');
  });

  it('gives the same bits for any number of workers that are slow, stall past their lease, or die', async () => {
    const alone = await trainAlone();
    const worker = fc.record({
      delays: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 }),
      diesAfter: fc.option(fc.integer({ min: 0, max: 5 })),
      stallsAt: fc.option(fc.integer({ min: 0, max: 3 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(worker, { maxLength: 3 }), async (workers) => {
        const local = createRun();
        const running = workers.map(({ delays, diesAfter, stallsAt }, index) => {
          let computed = 0;
          const host = simulatedHost(async () => {
            computed++;
            if (diesAfter !== null && computed > diesAfter) throw new Error('died');
            const delay = computed - 1 === stallsAt ? 40 : delays[computed % delays.length]!;
            await new Promise((resolve) => setTimeout(resolve, delay));
          });
          return runWorker(withoutLeave(local.exchange(`worker-${index}`)), host).catch(() => undefined);
        });
        await runWorker(local.exchange('survivor'), simulatedHost());
        await Promise.all(running);
        expect(bits(local)).toBe(alone.bits);
      }),
      { numRuns: 25 },
    );
  }, 20_000);

  it('refuses a gradient that is not finite, and the lease can still be done by another', async () => {
    const alone = await trainAlone();
    const local = createRun();
    const poisoned = simulatedHost();
    const compute = async (lease: Lease): Promise<LeaseResult> => {
      const result = await poisoned.compute(lease);
      result.gradients.get('projector.layers.0.bias')![1] = Number.NaN;
      return result;
    };
    await expect(runWorker(local.exchange('poisoned'), { ...poisoned, compute })).rejects.toThrow(
      "gradient of 'projector.layers.0.bias' is NaN at element 1",
    );
    await runWorker(local.exchange('sound'), simulatedHost());
    expect(bits(local)).toBe(alone.bits);
  });

  it('ends a worker that waits when it is cancelled', async () => {
    const local = createRun();
    const holder = local.exchange('holder');
    for (let lease = 0; lease < 3; lease++) expect((await holder.next()).kind).toBe('lease');
    const controller = new AbortController();
    const waiting = runWorker(local.exchange('waiting'), simulatedHost(), { signal: controller.signal });
    controller.abort();
    await expect(waiting).resolves.toMatchObject({ ended: 'cancelled', leases: { accepted: 0 } });
  });
});

/** A worker that is killed says no goodbye: only its deadline frees its lease. */
function withoutLeave(exchange: GradientExchange): GradientExchange {
  return { ...exchange, leave: () => Promise.resolve() };
}
