import { TEMPLATE_NAMES } from '@llava-ts/data';
import { LORA_TARGETS } from '@llava-ts/decoder';
import type { RunConfig } from '@llava-ts/trainer';
import { z } from 'zod';

const folder = z.string().min(1);
const count = z.int().min(1);
const positive = z.number().positive();
const share = z.number().min(0).lt(1);

const model = z.strictObject({
  vision: folder,
  decoder: folder,
  projector: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('identity') }),
    z.strictObject({ kind: z.literal('linear') }),
    z.strictObject({ kind: z.literal('mlp'), layers: count }),
    z.strictObject({
      kind: z.literal('resampler'),
      latents: count,
      depth: count,
      heads: count,
      headDim: count,
      ffMult: count,
    }),
    z
      .strictObject({
        kind: z.literal('qformer'),
        queries: count,
        depth: count,
        hidden: count,
        heads: count,
        inner: count,
      })
      .refine(({ hidden, heads }) => hidden % heads === 0, { path: ['heads'], error: 'a divisor of hidden' }),
  ]),
  featureLayer: z.int(),
  featureSelect: z.enum(['patch', 'cls_patch']),
  imageAspect: z.enum(['square', 'pad']),
  precision: z.enum(['float32', 'bfloat16']),
  recompute: z.boolean(),
  lora: z
    .strictObject({
      rank: count,
      alpha: positive,
      dropout: share,
      targets: z.array(z.enum(LORA_TARGETS)).min(1).refine(isUnique, 'each linear once'),
    })
    .exactOptional(),
});

const path = z.string().min(1);
const scenes = z.strictObject({
  count,
  seed: z.int().min(0),
  kind: z.enum(['captions', 'conversations']),
  questionsPerScene: z.int().min(1).max(20).exactOptional(),
});

const inMixture = {
  take: z
    .string()
    .regex(/^(first|last|random) \d+(\.\d+)?%?$/, '"first N", "last N" or "random N"; N may be a share such as 10%')
    .exactOptional(),
  weight: positive.exactOptional(),
};
const quarantine = path.exactOptional();

const data = z.union([
  z.strictObject({ json: path, images: path, quarantine }),
  z.strictObject({ path, images: path.exactOptional(), quarantine }),
  z.strictObject({ scenes, quarantine }),
  z.strictObject({
    mixture: z
      .array(
        z.union([
          z.strictObject({ json: path, images: path, ...inMixture }),
          z.strictObject({ path, images: path.exactOptional(), ...inMixture }),
          z.strictObject({ scenes, ...inMixture }),
        ]),
      )
      .min(1),
    seed: z.int().min(0).exactOptional(),
    quarantine,
  }),
]);

const stage = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_]*$/, 'letters, digits and _'),
    trainable: z
      .array(z.enum(['projector', 'decoder', 'lora']))
      .min(1)
      .refine(isUnique, 'each part once')
      .refine(
        (parts) => !(parts.includes('decoder') && parts.includes('lora')),
        'decoder or lora: an adapter learns beside a frozen decoder',
      ),
    template: z.enum(TEMPLATE_NAMES),
    imageAspect: z.enum(['square', 'pad']).exactOptional(),
    data,
    onBadSample: z.enum(['stop', 'skip']).exactOptional(),
    batching: z.enum(['shuffled', 'grouped']).exactOptional(),
    epochs: count,
    globalBatchSamples: count,
    leasesPerStep: count,
    microBatchSamples: count,
    contextTokens: count,
    longSamples: z.enum(['refuse', 'truncate', 'skip']).exactOptional(),
    bucketTokens: z.array(count).min(1).refine(isUnique, 'each length once'),
    learningRate: positive,
    projectorLearningRate: positive.exactOptional(),
    warmupRatio: share,
    weightDecay: z.number().min(0),
    betas: z.tuple([share, share]),
    eps: positive,
    clipNorm: positive.nullable(),
  })
  .check((context) => {
    const { bucketTokens, contextTokens, leasesPerStep, globalBatchSamples } = context.value;
    const longest = Math.max(...bucketTokens);
    const custom = (path: string, input: unknown, message: string): void => {
      context.issues.push({ code: 'custom', path: [path], input, message });
    };
    if (longest < contextTokens)
      custom('bucketTokens', bucketTokens, `a bucket for the longest sample: contextTokens is ${contextTokens}`);
    if (leasesPerStep > globalBatchSamples)
      custom('leasesPerStep', leasesPerStep, `at most globalBatchSamples, which is ${globalBatchSamples}`);
  });

/** What a run configuration must be. Unknown keys are errors. */
export const runSchema = z
  .strictObject({
    preset: z.string().min(1),
    seed: z.int().min(0),
    model,
    stages: z
      .array(stage)
      .min(1)
      .refine((stages) => isUnique(stages.map(({ name }) => name)), 'stages with different names'),
    train: z.strictObject({
      steps: count.nullable(),
      snapshotEverySteps: count,
      keepSnapshots: count,
      keepBest: z.int().min(0).exactOptional(),
      badGradients: z.enum(['retry', 'skip', 'stop']).exactOptional(),
    }),
    exchange: z.strictObject({
      leaseTimeoutMs: count,
      heartbeatMs: count,
      minWorkers: count.exactOptional(),
      chunkBytes: z
        .int()
        .min(1024)
        .max(4 * 1024 * 1024),
      gradientEncoding: z.enum(['float32', 'bfloat16']).exactOptional(),
    }),
  })
  .check((context) => {
    const { model: parts, stages } = context.value;
    stages.forEach(({ trainable }, index) => {
      if (!trainable.includes('lora') || parts.lora !== undefined) return;
      const message =
        'an adapter to teach: set model.lora, e.g. {rank: 128, alpha: 256, dropout: 0.05, targets: [query, value]}';
      context.issues.push({ code: 'custom', path: ['stages', index, 'trainable'], input: trainable, message });
    });
  }) satisfies z.ZodType<RunConfig>;

function isUnique(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}
