import { expectHfValue, hfField } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { ClipVisionConfig } from './config.js';
import { clipVisionParameters } from './parameters.js';

/** Our names and Hugging Face's, of a block's parts and of the others. `pre_layrnorm` is spelled so. */
const BLOCK_NAMES: Readonly<Record<string, string>> = {
  attentionNorm: 'layer_norm1',
  'attention.query': 'self_attn.q_proj',
  'attention.key': 'self_attn.k_proj',
  'attention.value': 'self_attn.v_proj',
  'attention.output': 'self_attn.out_proj',
  feedForwardNorm: 'layer_norm2',
  'feedForward.inner': 'mlp.fc1',
  'feedForward.outer': 'mlp.fc2',
};
const NAMES: Readonly<Record<string, string>> = {
  patchEmbedding: 'embeddings.patch_embedding',
  positionEmbedding: 'embeddings.position_embedding',
  preNorm: 'pre_layrnorm',
  postNorm: 'post_layernorm',
};

/** Hugging Face's name of every parameter, with its prefix `vision_model.`, by our path. */
export function clipVisionNames(config: ClipVisionConfig): Map<string, string> {
  const paths = [...flattenTree(clipVisionParameters(config)).keys()];
  return new Map(paths.map((path) => [path, `vision_model.${hfName(path)}`]));
}

function hfName(path: string): string {
  if (path === 'classEmbedding') return 'embeddings.class_embedding';
  const [, layer, part, leaf] = /^blocks\.(\d+)\.(.+)\.(\w+)$/.exec(path) ?? [];
  if (part !== undefined) return `encoder.layers.${layer}.${BLOCK_NAMES[part]}.${leaf}`;
  const dot = path.lastIndexOf('.');
  return `${NAMES[path.slice(0, dot)]}${path.slice(dot)}`;
}

/**
 * Reads a `CLIPVisionConfig`, or the `vision_config` inside a whole CLIP's; what is absent has the default of
 * transformers' class, which is ViT-B/32.
 * @throws LlavaError `bad-input` when it describes something this encoder does not compute
 */
export function clipVisionFromHf(config: HfConfig): ClipVisionConfig {
  const json = (config['vision_config'] ?? config) as HfConfig;
  expectHfValue(json, 'model_type', 'clip_vision_model');
  const channels = hfField(json, 'num_channels', 3);
  if (channels !== 3)
    throw new LlavaError('bad-input', `config.json: 'num_channels' is ${channels}; only 3 is supported here.`);
  const activation = hfField(json, 'hidden_act', 'quick_gelu');
  if (activation !== 'quick_gelu' && activation !== 'gelu') {
    throw new LlavaError('bad-input', `config.json: 'hidden_act' is '${activation}'; expected quick_gelu or gelu.`);
  }
  return {
    imageSizePx: hfField(json, 'image_size', 224),
    patchSizePx: hfField(json, 'patch_size', 32),
    hidden: hfField(json, 'hidden_size', 768),
    inner: hfField(json, 'intermediate_size', 3072),
    layers: hfField(json, 'num_hidden_layers', 12),
    heads: hfField(json, 'num_attention_heads', 12),
    activation,
    layerNormEps: hfField(json, 'layer_norm_eps', 1e-5),
  };
}

/** The `CLIPVisionConfig` of an encoder, every field spelled out. */
export function clipVisionToHf(config: ClipVisionConfig): Record<string, unknown> {
  return {
    architectures: ['CLIPVisionModel'],
    model_type: 'clip_vision_model',
    image_size: config.imageSizePx,
    patch_size: config.patchSizePx,
    num_channels: 3,
    hidden_size: config.hidden,
    intermediate_size: config.inner,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_act: config.activation,
    layer_norm_eps: config.layerNormEps,
    torch_dtype: 'float32',
  };
}
