import type { LayerNormParameters, LinearParameters, ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { Tensor } from '@tensorflow/tfjs-core';
import { patchCount } from './config.js';
import type { ClipVisionConfig, SiglipVisionConfig, VisionConfig, VisionSizes } from './config.js';

/** Standard deviation of freshly made weights (CLIP's `initializer_range`). */
const INIT_STD = 0.02;

/** Projections of one attention layer. Weights are `[out, in]`, biases `[out]`. */
export interface VisionAttentionParameters<L = Tensor> {
  query: LinearParameters<L>;
  key: LinearParameters<L>;
  value: LinearParameters<L>;
  output: LinearParameters<L>;
}

/** One transformer block. */
export interface VisionBlockParameters<L = Tensor> {
  attentionNorm: LayerNormParameters<L>;
  attention: VisionAttentionParameters<L>;
  feedForwardNorm: LayerNormParameters<L>;
  feedForward: { inner: LinearParameters<L>; outer: LinearParameters<L> };
}

/** A convolution without overlap: weight `[hidden, 3, patchSizePx, patchSizePx]`, bias `[hidden]` where there is one. */
export interface PatchEmbeddingParameters<L = Tensor> {
  weight: L;
  bias?: L;
}

/** The part of a CLIP that turns pixels into hidden states. */
export interface ClipVisionTrunk<L = Tensor> {
  /** `[hidden]`, the token in front of the patches. */
  classEmbedding: L;
  /** Without bias. */
  patchEmbedding: PatchEmbeddingParameters<L>;
  /** weight `[1 + patches, hidden]`, class token first. */
  positionEmbedding: { weight: L };
  preNorm: LayerNormParameters<L>;
  blocks: VisionBlockParameters<L>[];
}

/** The part of a SigLIP that turns pixels into hidden states: no class token, no norm in front. */
export interface SiglipVisionTrunk<L = Tensor> {
  patchEmbedding: Required<PatchEmbeddingParameters<L>>;
  /** weight `[patches, hidden]`. */
  positionEmbedding: { weight: L };
  blocks: VisionBlockParameters<L>[];
}

/** All parameters of a CLIP; the norm of the pooled class token is of no use to LLaVA. */
export interface ClipVisionParameters<L = Tensor> extends ClipVisionTrunk<L> {
  postNorm: LayerNormParameters<L>;
}

/** All parameters of a SigLIP but its pooling head; of the norm behind the last layer LLaVA makes no use. */
export interface SiglipVisionParameters<L = Tensor> extends SiglipVisionTrunk<L> {
  postNorm: LayerNormParameters<L>;
}

/** All parameters of an encoder, by its kind. */
export type VisionParameters<L = Tensor> = ClipVisionParameters<L> | SiglipVisionParameters<L>;

/** What an encoder's features need, by its kind. */
export type VisionTrunk<L = Tensor> = ClipVisionTrunk<L> | SiglipVisionTrunk<L>;

/** Shapes and initial values of an encoder's parameters, in the order in which they are used. */
export function visionParameters(config: VisionConfig): VisionParameters<ParameterSpec> {
  return config.kind === 'clip' ? clipVisionParameters(config) : siglipVisionParameters(config);
}

/** Shapes and initial values of a CLIP's parameters, in the order in which they are used. */
export function clipVisionParameters(config: ClipVisionConfig): ClipVisionParameters<ParameterSpec> {
  const { hidden, patchSizePx } = config;
  return {
    classEmbedding: normal(hidden),
    patchEmbedding: { weight: normal(hidden, 3, patchSizePx, patchSizePx) },
    positionEmbedding: { weight: normal(1 + patchCount(config), hidden) },
    preNorm: norm(hidden),
    blocks: Array.from({ length: config.layers }, () => blockParameters(config)),
    postNorm: norm(hidden),
  };
}

/** Shapes and initial values of a SigLIP's parameters, in the order in which they are used. */
export function siglipVisionParameters(config: SiglipVisionConfig): SiglipVisionParameters<ParameterSpec> {
  const { hidden, patchSizePx } = config;
  return {
    patchEmbedding: {
      weight: normal(hidden, 3, patchSizePx, patchSizePx),
      bias: { shape: [hidden], init: 'zeros' },
    },
    positionEmbedding: { weight: normal(patchCount(config), hidden) },
    blocks: Array.from({ length: config.layers }, () => blockParameters(config)),
    postNorm: norm(hidden),
  };
}

/**
 * The parameters that the features of a layer need: later blocks and the last norm are left out, and need not be loaded.
 * @throws LlavaError `bad-input` when there is no such layer
 */
export function visionTrunk<L>(p: VisionParameters<L>, config: VisionSizes, featureLayer: number): VisionTrunk<L> {
  const { postNorm: _unused, ...trunk } = p;
  return { ...trunk, blocks: p.blocks.slice(0, featureDepth(config, featureLayer)) };
}

/** How many blocks run for the features of a layer: `-2` is all but one. */
export function featureDepth({ layers }: VisionSizes, featureLayer: number): number {
  const depth = featureLayer < 0 ? layers + 1 + featureLayer : featureLayer;
  if (Number.isInteger(depth) && depth >= 0 && depth <= layers) return depth;
  throw new LlavaError(
    'bad-input',
    `Feature layer ${featureLayer} does not exist: the encoder has hidden states ${-layers - 1} to ${layers}.`,
  );
}

function blockParameters({ hidden, inner }: VisionSizes): VisionBlockParameters<ParameterSpec> {
  return {
    attentionNorm: norm(hidden),
    attention: {
      query: linearParameters(hidden, hidden),
      key: linearParameters(hidden, hidden),
      value: linearParameters(hidden, hidden),
      output: linearParameters(hidden, hidden),
    },
    feedForwardNorm: norm(hidden),
    feedForward: { inner: linearParameters(hidden, inner), outer: linearParameters(inner, hidden) },
  };
}

function linearParameters(input: number, output: number): LinearParameters<ParameterSpec> {
  return { weight: normal(output, input), bias: { shape: [output], init: 'zeros' } };
}

function norm(hidden: number): LayerNormParameters<ParameterSpec> {
  return { weight: { shape: [hidden], init: 'ones' }, bias: { shape: [hidden], init: 'zeros' } };
}

function normal(...shape: number[]): ParameterSpec {
  return { shape, init: { normal: INIT_STD } };
}
