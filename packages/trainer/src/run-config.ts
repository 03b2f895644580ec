import type { TemplateName } from '@llava-ts/data';
import type { LoraConfig } from '@llava-ts/decoder';
import type { LlavaConfig } from '@llava-ts/llava';

/** A part of the model that a stage can teach. The vision encoder stays frozen; `lora` is the adapter beside a frozen decoder. */
export type TrainablePart = 'projector' | 'decoder' | 'lora';

/** How a picture that is not square becomes one: cut from the middle, or padded with the mean colour. */
export type ImageAspect = 'square' | 'pad';

/** Pictures composed from drawings, with captions or conversations about them. */
export interface ScenesConfig {
  readonly count: number;
  readonly seed: number;
  readonly kind: 'captions' | 'conversations';
  /** Turns of a conversation, at most what the scene answers; 4 unless given. */
  readonly questionsPerScene?: number;
}

/** Where samples are: LLaVA's JSON with a folder of images; or any file, folder or location that `openSampleSet` reads; or scenes. */
export type SourceConfig =
  | { readonly json: string; readonly images: string }
  | { readonly path: string; readonly images?: string }
  | { readonly scenes: ScenesConfig };

/** A source of a mixture. */
export type MixtureConfig = SourceConfig & {
  /** `first N`, `last N` or `random N` (or a share such as `random 10%`); all by default. */
  readonly take?: string;
  /** How often the source counts in an epoch; 1 by default, 0.5 is a random half of it. */
  readonly weight?: number;
};

/** A stage's samples: one source, or several that are mixed. */
export type DataConfig = (
  | SourceConfig
  | {
      readonly mixture: readonly MixtureConfig[];
      /** For `random` and fractions of weights; 0 by default. */
      readonly seed?: number;
    }
) & {
  /** A list that `llava data validate` wrote: its samples are left out. */
  readonly quarantine?: string;
};

/** The pretrained parts and how they are joined. */
export interface ModelConfig {
  /** Folder of a CLIP encoder in Hugging Face layout. */
  readonly vision: string;
  /** Folder of a Llama decoder, with its tokenizer, in Hugging Face layout. */
  readonly decoder: string;
  readonly projector: LlavaConfig['projector'];
  /** Which hidden state of the encoder is the feature; -2 is the output of the last but one layer. */
  readonly featureLayer: number;
  readonly featureSelect: 'patch' | 'cls_patch';
  readonly imageAspect: ImageAspect;
  readonly precision: 'float32' | 'bfloat16';
  /** Recompute each decoder block in the backward pass instead of keeping its activations. */
  readonly recompute: boolean;
  /** An adapter beside the decoder, for stages that teach `lora`. */
  readonly lora?: LoraConfig;
}

/** One stage: what learns, from which samples, in which portions, how fast. */
export interface StageConfig {
  readonly name: string;
  readonly trainable: readonly TrainablePart[];
  readonly template: TemplateName;
  /** Overrides the model's for this stage only (LLaVA-1.5 aligns on `square` pictures and tunes on `pad`). */
  readonly imageAspect?: ImageAspect;
  readonly data: DataConfig;
  /** What becomes of a wrong sample, or a missing or damaged picture: `stop` (the default) ends the run, `skip` counts it and goes on without. */
  readonly onBadSample?: 'stop' | 'skip';
  /** How an epoch is ordered: `shuffled` (the default), or `grouped` by length, pictures apart from text. */
  readonly batching?: 'shuffled' | 'grouped';
  readonly epochs: number;
  /** Samples that one step consumes. */
  readonly globalBatchSamples: number;
  /** Slices of a global batch: the unit of work, of retry and of accounting. */
  readonly leasesPerStep: number;
  /** Samples computed at once on a device. */
  readonly microBatchSamples: number;
  /** Longest sample, in tokens, image tokens included. */
  readonly contextTokens: number;
  /** What happens to a longer sample: it stops the run, loses its end (never a part of a picture), or counts nothing. `refuse` unless given. */
  readonly longSamples?: 'refuse' | 'truncate' | 'skip';
  /** Lengths that micro-batches are padded to; one compiled function each. */
  readonly bucketTokens: readonly number[];
  readonly learningRate: number;
  /** The projector's, where it has one of its own (LLaVA's `mm_projector_lr`). */
  readonly projectorLearningRate?: number;
  /** Share of the steps in which the learning rate rises from 0. */
  readonly warmupRatio: number;
  readonly weightDecay: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** Largest norm of a whole gradient, null for no clipping. */
  readonly clipNorm: number | null;
}

/** How long to train and how often to save. */
export interface TrainConfig {
  /** At most this many steps per stage; null for as many as the epochs give. */
  readonly steps: number | null;
  readonly snapshotEverySteps: number;
  /** The newest snapshots that are kept. */
  readonly keepSnapshots: number;
  /** So many snapshots of the lowest loss in their stage are kept too; 0 unless given. */
  readonly keepBest?: number;
  /**
   * What becomes of a lease whose gradients are not finite: `retry` (the default) grants it again, preferably to another worker, and the run fails
   * when that has failed three times; `skip` leaves it out then and counts its samples; `stop` fails the run at once.
   */
  readonly badGradients?: 'retry' | 'skip' | 'stop';
}

/** Timing and sizes of the exchange between workers and parameter server. */
export interface ExchangeConfig {
  /** A lease that is neither finished nor renewed for this long is granted to somebody else. */
  readonly leaseTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Leases are granted only while so many workers are there; 1 unless given. */
  readonly minWorkers?: number;
  readonly chunkBytes: number;
  /** How gradients cross the wire: exactly, or rounded to bfloat16 at half the bytes. Decision 0009. `float32` when absent. */
  readonly gradientEncoding?: 'float32' | 'bfloat16';
}

/** A whole run as one tree: plain data, checked by `@llava-ts/recipes`, printed, sent to workers and saved in every snapshot. */
export interface RunConfig {
  readonly preset: string;
  readonly seed: number;
  readonly model: ModelConfig;
  readonly stages: readonly StageConfig[];
  readonly train: TrainConfig;
  readonly exchange: ExchangeConfig;
}
