import { expectHfValue, hfField } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { DecoderConfig, RopeScaling } from './config.js';
import { decoderParameters } from './parameters.js';
import { yarnAttentionFactor } from './rope-frequencies.js';

/** Our names of a block's parts and Hugging Face's. */
const BLOCK_NAMES: Readonly<Record<string, string>> = {
  attentionNorm: 'input_layernorm',
  'attention.query': 'self_attn.q_proj',
  'attention.key': 'self_attn.k_proj',
  'attention.value': 'self_attn.v_proj',
  'attention.output': 'self_attn.o_proj',
  feedForwardNorm: 'post_attention_layernorm',
  'feedForward.gate': 'mlp.gate_proj',
  'feedForward.up': 'mlp.up_proj',
  'feedForward.down': 'mlp.down_proj',
};

/** Our names of the other parts. */
const NAMES: Readonly<Record<string, string>> = {
  embedding: 'model.embed_tokens',
  norm: 'model.norm',
  head: 'lm_head',
};

/** Hugging Face's name of every parameter, by our path. A tied decoder has no `lm_head.weight`. */
export function decoderNames(config: DecoderConfig): Map<string, string> {
  const paths = [...flattenTree(decoderParameters(config)).keys()];
  return new Map(paths.map((path) => [path, hfName(path)]));
}

function hfName(path: string): string {
  const [, layer, part, leaf] = /^blocks\.(\d+)\.(.+)\.(\w+)$/.exec(path) ?? [];
  if (part !== undefined) return `model.layers.${layer}.${BLOCK_NAMES[part]}.${leaf}`;
  const dot = path.lastIndexOf('.');
  return `${NAMES[path.slice(0, dot)]}${path.slice(dot)}`;
}

/**
 * Reads a `LlamaConfig`; what is absent has the default of transformers' class.
 * @throws LlavaError `bad-input` when it describes something this decoder does not compute
 */
export function decoderFromHf(json: HfConfig): DecoderConfig {
  expectHfValue(json, 'model_type', 'llama');
  expectHfValue(json, 'hidden_act', 'silu');
  const hidden = hfField(json, 'hidden_size', 4096);
  const heads = hfField(json, 'num_attention_heads', 32);
  const feedForwardBias = hfField(json, 'mlp_bias', false);
  const rope = ropeParameters(json);
  const maxTokens = hfField(json, 'max_position_embeddings', 2048);
  const ropeScaling = readRopeScaling(rope, maxTokens);
  return {
    vocab: hfField(json, 'vocab_size', 32000),
    hidden,
    inner: hfField(json, 'intermediate_size', 11008),
    layers: hfField(json, 'num_hidden_layers', 32),
    heads,
    keyHeads: hfField(json, 'num_key_value_heads', heads),
    headDim: hfField(json, 'head_dim', hidden / heads),
    rmsNormEps: hfField(json, 'rms_norm_eps', 1e-6),
    ropeTheta: hfField(rope, 'rope_theta', hfField(json, 'rope_theta', 10000)),
    maxTokens,
    tiedEmbeddings: hfField(json, 'tie_word_embeddings', false),
    attentionBias: hfField(json, 'attention_bias', false),
    ...(feedForwardBias ? { feedForwardBias } : {}),
    ...(ropeScaling && { ropeScaling }),
  };
}

/** The `LlamaConfig` of a decoder, every field spelled out, readable by transformers 4 and 5. */
export function decoderToHf(config: DecoderConfig): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: config.vocab,
    hidden_size: config.hidden,
    intermediate_size: config.inner,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    max_position_embeddings: config.maxTokens,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    rope_scaling: writeRopeScaling(config.ropeScaling),
    attention_bias: config.attentionBias,
    mlp_bias: config.feedForwardBias ?? false,
    tie_word_embeddings: config.tiedEmbeddings,
    torch_dtype: 'float32',
  };
}

/** transformers 5 writes `rope_parameters`, 4 wrote `rope_scaling`; both hold the same keys. */
function ropeParameters(json: HfConfig): HfConfig {
  return (json['rope_scaling'] ?? json['rope_parameters'] ?? {}) as HfConfig;
}

function readRopeScaling(rope: HfConfig, maxTokens: number): RopeScaling | undefined {
  const kind = hfField(rope, 'rope_type', hfField(rope, 'type', 'default'));
  switch (kind) {
    case 'default':
      return undefined;
    case 'linear':
    case 'dynamic':
      return { kind, factor: hfField(rope, 'factor', 1) };
    case 'llama3':
      return {
        kind,
        factor: hfField(rope, 'factor', 8),
        lowFrequencyFactor: hfField(rope, 'low_freq_factor', 1),
        highFrequencyFactor: hfField(rope, 'high_freq_factor', 4),
        originalMaxTokens: hfField(rope, 'original_max_position_embeddings', 8192),
      };
    case 'yarn':
      return readYarn(rope, maxTokens);
    default:
      throw new LlavaError(
        'bad-input',
        `config.json: rope type '${kind}' is not supported; expected default, linear, dynamic, llama3 or yarn.`,
      );
  }
}

function readYarn(rope: HfConfig, maxTokens: number): RopeScaling {
  const originalMaxTokens = hfField(rope, 'original_max_position_embeddings', maxTokens);
  const factor = hfField(rope, 'factor', maxTokens / originalMaxTokens);
  const inferred = yarnAttentionFactor(factor, hfField(rope, 'mscale', 0), hfField(rope, 'mscale_all_dim', 0));
  return {
    kind: 'yarn',
    factor,
    originalMaxTokens,
    betaFast: hfField(rope, 'beta_fast', 32) || 32, // transformers takes 0 for absent
    betaSlow: hfField(rope, 'beta_slow', 1) || 1,
    attentionFactor: hfField(rope, 'attention_factor', inferred),
    truncate: hfField(rope, 'truncate', true),
  };
}

function writeRopeScaling(scaling: RopeScaling | undefined): Record<string, unknown> | null {
  switch (scaling?.kind) {
    case undefined:
      return null;
    case 'linear':
    case 'dynamic':
      return { rope_type: scaling.kind, type: scaling.kind, factor: scaling.factor };
    case 'llama3':
      return {
        rope_type: 'llama3',
        factor: scaling.factor,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalMaxTokens,
      };
    case 'yarn':
      return {
        rope_type: 'yarn',
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalMaxTokens,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        attention_factor: scaling.attentionFactor,
        truncate: scaling.truncate,
      };
  }
}
