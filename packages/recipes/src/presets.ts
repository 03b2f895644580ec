import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LORA_TARGETS } from '@llava-ts/decoder';
import type { ModelConfig, RunConfig, StageConfig } from '@llava-ts/trainer';

/** Settings that the published runs of LLaVA share: AdamW of transformers' defaults, cosine with 3 % warm-up, no weight decay. */
const PUBLISHED: Pick<
  StageConfig,
  | 'epochs'
  | 'contextTokens'
  | 'longSamples'
  | 'bucketTokens'
  | 'warmupRatio'
  | 'weightDecay'
  | 'betas'
  | 'eps'
  | 'clipNorm'
> = {
  epochs: 1,
  contextTokens: 2048,
  longSamples: 'truncate',
  bucketTokens: [384, 768, 1280, 2048],
  warmupRatio: 0.03,
  weightDecay: 0,
  betas: [0.9, 0.999],
  eps: 1e-8,
  clipNorm: 1,
};

const CLUSTER: Pick<RunConfig, 'train' | 'exchange'> = {
  train: { steps: null, snapshotEverySteps: 100, keepSnapshots: 3 },
  exchange: { leaseTimeoutMs: 600_000, heartbeatMs: 5_000, chunkBytes: 524_288 },
};

const VICUNA: Pick<ModelConfig, 'featureLayer' | 'featureSelect' | 'precision' | 'recompute'> = {
  featureLayer: -2,
  featureSelect: 'patch',
  precision: 'bfloat16',
  recompute: true,
};

/**
 * LLaVA v1 on Vicuna-7B as in the paper (LLaVA v1.0.1, scripts/pretrain.sh and finetune_full_schedule.sh): a linear projector aligned
 * on CC3M-595K, then three epochs on LLaVA-Instruct-158K.
 */
function llava7bV1(): RunConfig {
  return {
    preset: 'llava-7b-v1',
    seed: 42,
    model: {
      ...VICUNA,
      vision: 'models/clip-vit-large-patch14',
      decoder: 'models/vicuna-7b-v1.1',
      projector: { kind: 'linear' },
      imageAspect: 'square',
    },
    stages: [
      {
        ...PUBLISHED,
        name: 'align',
        trainable: ['projector'],
        template: 'plain',
        data: { json: 'data/LLaVA-CC3M-Pretrain-595K/chat.json', images: 'data/LLaVA-CC3M-Pretrain-595K/images' },
        globalBatchSamples: 128,
        leasesPerStep: 8,
        microBatchSamples: 16,
        learningRate: 2e-3,
      },
      {
        ...PUBLISHED,
        name: 'instruct',
        trainable: ['projector', 'decoder'],
        template: 'v1',
        data: { json: 'data/LLaVA-Instruct-150K/llava_instruct_158k.json', images: 'data/coco/train2017' },
        epochs: 3,
        globalBatchSamples: 32,
        leasesPerStep: 8,
        microBatchSamples: 4,
        learningRate: 2e-5,
      },
    ],
    ...CLUSTER,
  };
}

/**
 * LLaVA-1.5 on Vicuna-7B v1.5 (scripts/v1_5/pretrain.sh and finetune.sh): a two-layer projector aligned on LCS-558K with square pictures,
 * then one epoch on the 665K mixture with padded ones.
 */
function llava15On7b(): RunConfig {
  return {
    preset: 'llava-1.5-7b',
    seed: 42,
    model: {
      ...VICUNA,
      vision: 'models/clip-vit-large-patch14-336',
      decoder: 'models/vicuna-7b-v1.5',
      projector: { kind: 'mlp', layers: 2 },
      imageAspect: 'pad',
    },
    stages: [
      {
        ...PUBLISHED,
        name: 'align',
        trainable: ['projector'],
        template: 'plain',
        imageAspect: 'square',
        data: { json: 'data/LLaVA-Pretrain/blip_laion_cc_sbu_558k.json', images: 'data/LLaVA-Pretrain/images' },
        bucketTokens: [640, 768, 1280, 2048],
        globalBatchSamples: 256,
        leasesPerStep: 8,
        microBatchSamples: 32,
        learningRate: 1e-3,
      },
      {
        ...PUBLISHED,
        name: 'instruct',
        trainable: ['projector', 'decoder'],
        template: 'v1',
        data: { json: 'data/llava_v1_5_mix665k.json', images: 'data' },
        bucketTokens: [768, 1024, 1536, 2048],
        globalBatchSamples: 128,
        leasesPerStep: 8,
        microBatchSamples: 16,
        learningRate: 2e-5,
      },
    ],
    ...CLUSTER,
  };
}

/**
 * LLaVA-1.5 with LoRA (scripts/v1_5/finetune_lora.sh): rank 128, alpha 256 and dropout 0.05 (the default of train.py) on all linears
 * of the decoder at 2e-4, and the projector at 2e-5.
 */
function llava15On7bLora(): RunConfig {
  const base = llava15On7b();
  const [align, instruct] = base.stages as [StageConfig, StageConfig];
  return {
    ...base,
    preset: 'llava-1.5-7b-lora',
    model: { ...base.model, lora: { rank: 128, alpha: 256, dropout: 0.05, targets: [...LORA_TARGETS] } },
    stages: [align, { ...instruct, trainable: ['projector', 'lora'], learningRate: 2e-4, projectorLearningRate: 2e-5 }],
  };
}

/** LLaVA-1.5's recipe on TinyLlama-1.1B-Chat (TinyLLaVA Factory, scripts/train: 1e-3 at 256, 2e-5 at 128, square pictures in both stages). */
function tinyLlama(): RunConfig {
  const base = llava15On7b();
  return {
    ...base,
    preset: 'tinyllama-1.1b',
    model: { ...base.model, decoder: 'models/TinyLlama-1.1B-Chat-v1.0', imageAspect: 'square' },
  };
}

/** The folder of a pretrained part in this checkout: a short name from its top folder, and the whole path from elsewhere. */
function tinyPart(part: 'encoder' | 'decoder'): string {
  const short = `assets/tiny/${part}`;
  return existsSync(short) ? short : fileURLToPath(new URL(`../../../${short}`, import.meta.url));
}

/** The embedded default: parts of 3 million parameters on scenes of drawings, trained in minutes on two cores. */
function tiny(): RunConfig {
  const shared: Omit<StageConfig, 'name' | 'trainable' | 'template' | 'data' | 'bucketTokens' | 'learningRate'> = {
    epochs: 1,
    globalBatchSamples: 16,
    leasesPerStep: 2,
    microBatchSamples: 8,
    contextTokens: 256,
    warmupRatio: 0.03,
    weightDecay: 0,
    betas: [0.9, 0.98],
    eps: 1e-8,
    clipNorm: 1,
  };
  return {
    preset: 'tiny',
    seed: 1,
    model: {
      vision: tinyPart('encoder'),
      decoder: tinyPart('decoder'),
      projector: { kind: 'mlp', layers: 2 },
      featureLayer: -2,
      featureSelect: 'patch',
      imageAspect: 'square',
      precision: 'float32',
      recompute: false,
    },
    stages: [
      {
        ...shared,
        name: 'align',
        trainable: ['projector'],
        template: 'plain',
        data: { scenes: { count: 4000, seed: 1, kind: 'captions' } },
        bucketTokens: [88, 104, 256],
        learningRate: 4e-3,
      },
      {
        ...shared,
        name: 'instruct',
        trainable: ['projector', 'decoder'],
        template: 'v1-short',
        data: { scenes: { count: 8400, seed: 2, kind: 'conversations', questionsPerScene: 6 } },
        bucketTokens: [136, 152, 168, 256],
        learningRate: 1.5e-3,
      },
    ],
    train: { steps: null, snapshotEverySteps: 50, keepSnapshots: 3 },
    exchange: { leaseTimeoutMs: 60_000, heartbeatMs: 1_000, chunkBytes: 524_288 },
  };
}

/** `tiny` with other settings of its projector, and of its stages in order. */
function tinyVariant(
  preset: string,
  projector: ModelConfig['projector'],
  stages: readonly Partial<StageConfig>[],
): RunConfig {
  const base = tiny();
  return {
    ...base,
    preset,
    model: { ...base.model, projector },
    stages: base.stages.map((stage, index) => ({ ...stage, ...stages[index] })),
  };
}

/** `tiny` with a perceiver resampler: half as many visual tokens, and more captions to learn where to look. */
function tinyResampler(): RunConfig {
  return tinyVariant('tiny-resampler', { kind: 'resampler', latents: 32, depth: 2, heads: 5, headDim: 32, ffMult: 2 }, [
    { data: { scenes: { count: 12000, seed: 1, kind: 'captions' } }, bucketTokens: [56, 72, 256], learningRate: 2e-3 },
    { bucketTokens: [104, 120, 136, 256] },
  ]);
}

/** `tiny` with a Q-Former, likewise. */
function tinyQFormer(): RunConfig {
  return tinyVariant('tiny-qformer', { kind: 'qformer', queries: 32, depth: 2, hidden: 160, heads: 5, inner: 320 }, [
    { data: { scenes: { count: 12000, seed: 1, kind: 'captions' } }, bucketTokens: [56, 72, 256], learningRate: 2e-3 },
    { bucketTokens: [104, 120, 136, 256] },
  ]);
}

const PRESETS: Readonly<Record<string, () => RunConfig>> = {
  tiny,
  'tiny-resampler': tinyResampler,
  'tiny-qformer': tinyQFormer,
  'llava-7b-v1': llava7bV1,
  'llava-1.5-7b': llava15On7b,
  'llava-1.5-7b-lora': llava15On7bLora,
  'tinyllama-1.1b': tinyLlama,
};

/** Names of the presets. */
export const PRESET_NAMES: readonly string[] = Object.keys(PRESETS);

/** A preset's run, or undefined when there is none of that name. */
export function findPreset(name: string): RunConfig | undefined {
  return Object.hasOwn(PRESETS, name) ? PRESETS[name]?.() : undefined;
}
