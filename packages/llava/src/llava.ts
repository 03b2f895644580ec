import { decoder, decoderLogits, embedTokens, packedOptions } from '@llava-ts/decoder';
import type { Adapter, DecoderParameters, LoraParameters, Packing } from '@llava-ts/decoder';
import { axes, sparseCrossEntropy } from '@llava-ts/engine';
import { projector } from '@llava-ts/projector';
import type { ProjectorParameters } from '@llava-ts/projector';
import { visionFeatures } from '@llava-ts/vision-encoder';
import type { VisionTrunk } from '@llava-ts/vision-encoder';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LlavaConfig } from './config.js';
import { splice } from './splice.js';

/** What can learn: the encoder stays as it was pretrained. */
export interface LearningParameters {
  readonly projector: ProjectorParameters;
  readonly decoder: DecoderParameters;
  /** With `lora` in the configuration. */
  readonly lora?: LoraParameters;
}

/** Tokens and images that belong together. */
export interface LlavaInput {
  /** int32 `[batch, tokens]`, padded behind; an image is one placeholder per visual token. */
  readonly ids: Tensor;
  /** int32 `[batch, tokens]`: -1 for text, else the row in the visual tokens flattened to `[images * imageTokens, hidden]`. */
  readonly visualIndex: Tensor;
  /** `[images, patches, visionHidden]`, of {@link imageFeatures}. */
  readonly features: Tensor;
  /** Where a row holds several samples: each is computed as if it were alone. */
  readonly packing?: Packing;
}

/** An input with its answers. */
export interface LlavaBatch extends LlavaInput {
  /** int32 `[batch, tokens]`, each the token at its own place; negative (-100) where nothing is learnt. */
  readonly labels: Tensor;
}

/** Options of computing, not of the model. */
export interface LlavaOptions {
  /** Compute each decoder block again in the backward pass instead of keeping its activations. */
  readonly recompute?: boolean;
  /** Draws what an adapter's dropout leaves out, int32 `[2]`; without it nothing is left out. */
  readonly dropoutSeed?: Tensor;
}

/**
 * What the frozen encoder sees in each image.
 * @param pixels `[images, 3, imageSizePx, imageSizePx]`, normalised
 * @returns `[images, patches, visionHidden]`
 */
export function imageFeatures(vision: VisionTrunk, pixels: Tensor, config: LlavaConfig): Tensor {
  return visionFeatures(vision, pixels, config.vision, {
    featureLayer: config.featureLayer,
    select: config.featureSelect,
  });
}

/** Embeddings of all tokens, with the projected features in the places of the images; `[batch, tokens, hidden]`. */
export function llavaEmbeddings(p: LearningParameters, input: LlavaInput, config: LlavaConfig): Tensor {
  const text = embedTokens(p.decoder, input.ids); // [batch, tokens, hidden]
  const { images } = axes(input.features, 'images patches visionHidden');
  if (images === 0) return text;
  const visual = projector(p.projector, input.features, config.projector); // [images, imageTokens, hidden]
  return splice(text, visual, input.visualIndex);
}

/**
 * Scores of the token after every token.
 * @returns `[batch, tokens, vocab]`
 */
export function llavaLogits(p: LearningParameters, input: LlavaInput, config: LlavaConfig): Tensor {
  return decoderLogits(p.decoder, hiddenStates(p, input, config));
}

/**
 * Cross-entropy of the supervised tokens, summed, so that batches of any size add up; divide by `labelTokens` for the mean.
 * @returns both scalars, float32
 */
export function llavaLoss(
  p: LearningParameters,
  batch: LlavaBatch,
  config: LlavaConfig,
  options: LlavaOptions = {},
): { lossSum: Tensor; labelTokens: Tensor } {
  const hidden = hiddenStates(p, batch, config, options); // [batch, tokens, hidden]
  const rows = tf.reshape(hidden, [-1, config.decoder.hidden]); // [batch * tokens, hidden]
  const targets = tf.reshape(nextTokens(batch), [-1]); // [batch * tokens]
  const losses = sparseCrossEntropy(decoderLogits(p.decoder, rows), targets); // [batch * tokens]
  const supervised = tf.cast(tf.greaterEqual(targets, tf.scalar(0, 'int32')), 'float32');
  return { lossSum: tf.sum(losses), labelTokens: tf.sum(supervised) };
}

/** The decoder's output for every token, `[batch, tokens, hidden]`. */
function hiddenStates(
  p: LearningParameters,
  input: LlavaInput,
  config: LlavaConfig,
  { recompute = false, dropoutSeed }: LlavaOptions = {},
): Tensor {
  return decoder(p.decoder, llavaEmbeddings(p, input, config), config.decoder, {
    recompute,
    lora: llavaAdapter(p, config, dropoutSeed),
    ...(input.packing && packedOptions(config.decoder, input.packing)),
  });
}

/** The adapter at work, where there is one. */
export function llavaAdapter(
  { lora: parameters }: Pick<LearningParameters, 'lora'>,
  { lora: config }: Pick<LlavaConfig, 'lora'>,
  dropoutSeed?: Tensor,
): Adapter | undefined {
  if (parameters === undefined || config === undefined) return undefined;
  return { parameters, config, ...(dropoutSeed && { dropoutSeed }) };
}

/** The label that each token must predict: the next one's; nothing follows the last token of a sample. `[batch, tokens]`. */
function nextTokens({ labels, packing }: LlavaBatch): Tensor {
  const next = following(labels, -100);
  if (packing === undefined) return next;
  const sameSample = tf.equal(following(packing.segments, -1), packing.segments); // [batch, tokens]
  return tf.where(sameSample, next, tf.fill(next.shape, -100, 'int32'));
}

/** Every token's right neighbour, and `last` behind the last one; `[batch, tokens]` to the same. */
function following(values: Tensor, last: number): Tensor {
  const { batch, tokens } = axes(values, 'batch tokens');
  const rest = tf.slice(values, [0, 1], [batch, tokens - 1]);
  return tf.pad(
    rest,
    [
      [0, 0],
      [0, 1],
    ],
    last,
  );
}
