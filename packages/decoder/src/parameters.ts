import type { LinearParameters, ParameterSpec, RmsNormParameters } from '@llava-ts/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.js';

/** Standard deviation of freshly made weights (Llama's `initializer_range`). */
const INIT_STD = 0.02;

/** Projections of one attention layer. Weights are `[out, in]`, biases `[out]`. */
export interface AttentionParameters<L = Tensor> {
  query: LinearParameters<L>;
  key: LinearParameters<L>;
  value: LinearParameters<L>;
  output: LinearParameters<L>;
}

/** Projections of one gated feed-forward layer. */
export interface FeedForwardParameters<L = Tensor> {
  gate: LinearParameters<L>;
  up: LinearParameters<L>;
  down: LinearParameters<L>;
}

/** One decoder block. */
export interface DecoderBlockParameters<L = Tensor> {
  attentionNorm: RmsNormParameters<L>;
  attention: AttentionParameters<L>;
  feedForwardNorm: RmsNormParameters<L>;
  feedForward: FeedForwardParameters<L>;
}

/** Everything a decoder learns. `head` is absent when the output layer is the embedding matrix. */
export interface DecoderParameters<L = Tensor> {
  embedding: { weight: L };
  blocks: DecoderBlockParameters<L>[];
  norm: RmsNormParameters<L>;
  head?: LinearParameters<L>;
}

/** Shapes and initial values of a decoder's parameters, in the order in which they are used. */
export function decoderParameters(config: DecoderConfig): DecoderParameters<ParameterSpec> {
  const { vocab, hidden } = config;
  return {
    embedding: { weight: normal(vocab, hidden) },
    blocks: Array.from({ length: config.layers }, () => blockParameters(config)),
    norm: { weight: ones(hidden) },
    ...(config.tiedEmbeddings ? {} : { head: { weight: normal(vocab, hidden) } }),
  };
}

function blockParameters(config: DecoderConfig): DecoderBlockParameters<ParameterSpec> {
  const { hidden, inner, attentionBias } = config;
  const queryWidth = config.heads * config.headDim;
  const keyWidth = config.keyHeads * config.headDim;
  const innerBias = config.feedForwardBias ?? false;
  return {
    attentionNorm: { weight: ones(hidden) },
    attention: {
      query: linearParameters(hidden, queryWidth, attentionBias),
      key: linearParameters(hidden, keyWidth, attentionBias),
      value: linearParameters(hidden, keyWidth, attentionBias),
      output: linearParameters(queryWidth, hidden, attentionBias),
    },
    feedForwardNorm: { weight: ones(hidden) },
    feedForward: {
      gate: linearParameters(hidden, inner, innerBias),
      up: linearParameters(hidden, inner, innerBias),
      down: linearParameters(inner, hidden, innerBias),
    },
  };
}

function linearParameters(input: number, output: number, bias: boolean): LinearParameters<ParameterSpec> {
  const weight = normal(output, input);
  return bias ? { weight, bias: { shape: [output], init: 'zeros' } } : { weight };
}

function normal(...shape: number[]): ParameterSpec {
  return { shape, init: { normal: INIT_STD } };
}

function ones(size: number): ParameterSpec {
  return { shape: [size], init: 'ones' };
}
