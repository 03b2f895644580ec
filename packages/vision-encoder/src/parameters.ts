import type { LayerNormParameters, LinearParameters, ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { Tensor } from '@tensorflow/tfjs-core';
import { patchCount } from './config.js';
import type { ClipVisionConfig } from './config.js';

/** Standard deviation of freshly made weights (CLIP's `initializer_range`). */
const INIT_STD = 0.02;

/** Projections of one attention layer. Weights are `[out, in]`, biases `[out]`. */
export interface ClipAttentionParameters<L = Tensor> {
  query: LinearParameters<L>;
  key: LinearParameters<L>;
  value: LinearParameters<L>;
  output: LinearParameters<L>;
}

/** One transformer block. */
export interface ClipBlockParameters<L = Tensor> {
  attentionNorm: LayerNormParameters<L>;
  attention: ClipAttentionParameters<L>;
  feedForwardNorm: LayerNormParameters<L>;
  feedForward: { inner: LinearParameters<L>; outer: LinearParameters<L> };
}

/** The part that turns pixels into hidden states. */
export interface ClipVisionTrunk<L = Tensor> {
  /** `[hidden]`, the token in front of the patches. */
  classEmbedding: L;
  /** weight `[hidden, 3, patchSizePx, patchSizePx]`, a convolution without overlap or bias. */
  patchEmbedding: { weight: L };
  /** weight `[1 + patches, hidden]`, class token first. */
  positionEmbedding: { weight: L };
  preNorm: LayerNormParameters<L>;
  blocks: ClipBlockParameters<L>[];
}

/** All parameters; the norm of the pooled class token is of no use to LLaVA. */
export interface ClipVisionParameters<L = Tensor> extends ClipVisionTrunk<L> {
  postNorm: LayerNormParameters<L>;
}

/** Shapes and initial values of the encoder's parameters, in the order in which they are used. */
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

/**
 * The parameters that the features of a layer need: later blocks and the last norm are left out, and need not be loaded.
 * @throws LlavaError `bad-input` when there is no such layer
 */
export function clipVisionTrunk<L>(
  p: ClipVisionParameters<L>,
  config: ClipVisionConfig,
  featureLayer: number,
): ClipVisionTrunk<L> {
  const { postNorm: _unused, ...trunk } = p;
  return { ...trunk, blocks: p.blocks.slice(0, featureDepth(config, featureLayer)) };
}

/** How many blocks run for the features of a layer: `-2` is all but one. */
export function featureDepth({ layers }: ClipVisionConfig, featureLayer: number): number {
  const depth = featureLayer < 0 ? layers + 1 + featureLayer : featureLayer;
  if (Number.isInteger(depth) && depth >= 0 && depth <= layers) return depth;
  throw new LlavaError(
    'bad-input',
    `Feature layer ${featureLayer} does not exist: the encoder has hidden states ${-layers - 1} to ${layers}.`,
  );
}

function blockParameters({ hidden, inner }: ClipVisionConfig): ClipBlockParameters<ParameterSpec> {
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
