import { axes, gelu, layerNorm, linear } from '@llava-ts/engine';
import type { LayerNormParameters, LinearParameters, ParameterSpec } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { attend, forEveryImage } from './attention.js';
import type { ProjectorSizes, QFormerConfig } from './config.js';
import { freshLinear, freshNorm } from './fresh.js';

/** BERT's, and that of the norm in front of the features. */
const BERT_EPS = 1e-12;
const FEATURE_EPS = 1e-5;
/** Blocks 0, 2, 4 and so on look at the features. */
const CROSS_ATTENTION_EVERY = 2;

/** Attention with the norm behind it (post-norm, as in BERT). */
export interface QFormerAttentionParameters<L = Tensor> {
  query: LinearParameters<L>;
  key: LinearParameters<L>;
  value: LinearParameters<L>;
  output: LinearParameters<L>;
  norm: LayerNormParameters<L>;
}

/** One block. */
export interface QFormerBlockParameters<L = Tensor> {
  selfAttention: QFormerAttentionParameters<L>;
  /** In every second block, the first included. */
  crossAttention?: QFormerAttentionParameters<L>;
  feedForward: { inner: LinearParameters<L>; outer: LinearParameters<L>; norm: LayerNormParameters<L> };
}

/** A Q-Former's query path, and the layer that leads to the decoder. */
export interface QFormerParameters<L = Tensor> {
  /** `[1, queries, hidden of the Q-Former]` */
  queries: L;
  featureNorm: LayerNormParameters<L>;
  norm: LayerNormParameters<L>;
  blocks: QFormerBlockParameters<L>[];
  output: LinearParameters<L>;
}

/** Shapes and initial values. */
export function qformerParameters(
  { queries, depth, hidden, inner }: QFormerConfig,
  { input, output }: ProjectorSizes,
): QFormerParameters<ParameterSpec> {
  const attention = (seen: number): QFormerAttentionParameters<ParameterSpec> => ({
    query: freshLinear(hidden, hidden),
    key: freshLinear(seen, hidden),
    value: freshLinear(seen, hidden),
    output: freshLinear(hidden, hidden),
    norm: freshNorm(hidden),
  });
  const block = (_: unknown, index: number): QFormerBlockParameters<ParameterSpec> => ({
    selfAttention: attention(hidden),
    ...(index % CROSS_ATTENTION_EVERY === 0 ? { crossAttention: attention(input) } : {}),
    feedForward: { inner: freshLinear(hidden, inner), outer: freshLinear(inner, hidden), norm: freshNorm(hidden) },
  });
  return {
    queries: { shape: [1, queries, hidden], init: { normal: 0.02 } },
    featureNorm: freshNorm(input),
    norm: freshNorm(hidden),
    blocks: Array.from({ length: depth }, block),
    output: freshLinear(hidden, output),
  };
}

/**
 * Features to a fixed number of visual tokens. Reference: Li et al. 2023 (BLIP-2), section 3.1; transformers,
 * `modeling_blip_2.py`, `Blip2QFormerModel` with queries alone, without dropout.
 * @param features `[images, patches, visionHidden]`
 * @returns `[images, queries, hidden]`
 */
export function qformer(p: QFormerParameters, features: Tensor, { heads }: QFormerConfig): Tensor {
  const { images } = axes(features, 'images patches visionHidden');
  const seen = layerNorm(p.featureNorm, features, FEATURE_EPS);
  let x = layerNorm(p.norm, forEveryImage(p.queries, images), BERT_EPS); // [images, queries, hidden of the Q-Former]
  for (const { selfAttention, crossAttention, feedForward } of p.blocks) {
    x = attention(selfAttention, x, x, heads);
    if (crossAttention !== undefined) x = attention(crossAttention, x, seen, heads);
    const thought = linear(feedForward.outer, gelu(linear(feedForward.inner, x)));
    x = layerNorm(feedForward.norm, tf.add(thought, x), BERT_EPS);
  }
  return linear(p.output, x); // [images, queries, hidden]
}

/** Queries look at something, add what they saw and are normed; the shape of `x`. */
function attention(p: QFormerAttentionParameters, x: Tensor, seen: Tensor, heads: number): Tensor {
  const mixed = attend(linear(p.query, x), linear(p.key, seen), linear(p.value, seen), heads);
  return layerNorm(p.norm, tf.add(linear(p.output, mixed), x), BERT_EPS);
}
