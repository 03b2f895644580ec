import { expectHfValue, hfField } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { CLIP_VIT_B_32, SIGLIP_B_16 } from './config.js';
import type { ClipVisionConfig, VisionConfig } from './config.js';
import { visionParameters } from './parameters.js';

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

/** Hugging Face's name of every parameter, with its prefix `vision_model.`, by our path; CLIP and SigLIP share them. */
export function visionNames(config: VisionConfig): Map<string, string> {
  const paths = [...flattenTree(visionParameters(config)).keys()];
  return new Map(paths.map((path) => [path, `vision_model.${hfName(path)}`]));
}

function hfName(path: string): string {
  if (path === 'classEmbedding') return 'embeddings.class_embedding';
  const [, layer, part, leaf] = /^blocks\.(\d+)\.(.+)\.(\w+)$/.exec(path) ?? [];
  if (part !== undefined) return `encoder.layers.${layer}.${BLOCK_NAMES[part]}.${leaf}`;
  const dot = path.lastIndexOf('.');
  return `${NAMES[path.slice(0, dot)]}${path.slice(dot)}`;
}

/** The model types of transformers' encoders. */
const MODEL_TYPES = { clip: 'clip_vision_model', siglip: 'siglip_vision_model' } as const;

const ACTIVATIONS: readonly string[] = ['quick_gelu', 'gelu', 'gelu_pytorch_tanh'];

/**
 * Reads a `CLIPVisionConfig` or `SiglipVisionConfig`, or the `vision_config` inside a whole CLIP's or SigLIP's; what is absent
 * has the default of transformers' class, which is ViT-B/32 or base-patch16-224.
 * @throws LlavaError `bad-input` when it describes something that these encoders do not compute
 */
export function visionFromHf(config: HfConfig): VisionConfig {
  const json = (config['vision_config'] ?? config) as HfConfig;
  const type = hfField(json, 'model_type', config['model_type'] === 'siglip' ? MODEL_TYPES.siglip : MODEL_TYPES.clip);
  const standard = type === MODEL_TYPES.siglip ? SIGLIP_B_16 : CLIP_VIT_B_32;
  if (standard.kind === 'clip') expectHfValue(json, 'model_type', MODEL_TYPES.clip);
  const channels = hfField(json, 'num_channels', 3);
  if (channels !== 3)
    throw new LlavaError('bad-input', `config.json: 'num_channels' is ${channels}; only 3 is supported here.`);
  const activation: string = hfField(json, 'hidden_act', standard.activation as string);
  if (!ACTIVATIONS.includes(activation)) {
    throw new LlavaError(
      'bad-input',
      `config.json: 'hidden_act' is '${activation}'; expected ${ACTIVATIONS.join(', ')}.`,
    );
  }
  return {
    kind: standard.kind,
    imageSizePx: hfField(json, 'image_size', standard.imageSizePx),
    patchSizePx: hfField(json, 'patch_size', standard.patchSizePx),
    hidden: hfField(json, 'hidden_size', standard.hidden),
    inner: hfField(json, 'intermediate_size', standard.inner),
    layers: hfField(json, 'num_hidden_layers', standard.layers),
    heads: hfField(json, 'num_attention_heads', standard.heads),
    activation: activation as VisionConfig['activation'],
    layerNormEps: hfField(json, 'layer_norm_eps', standard.layerNormEps),
  };
}

/**
 * Reads the configuration of a CLIP, see {@link visionFromHf}.
 * @throws LlavaError `bad-input` when it is another encoder's
 */
export function clipVisionFromHf(config: HfConfig): ClipVisionConfig {
  const vision = visionFromHf(config);
  if (vision.kind === 'clip') return vision;
  throw new LlavaError('bad-input', `config.json: 'model_type' is '${MODEL_TYPES[vision.kind]}'; expected a CLIP.`);
}

/** The configuration of an encoder for transformers, every field spelled out. A SigLIP is written without its pooling head. */
export function visionToHf(config: VisionConfig): Record<string, unknown> {
  return {
    architectures: [config.kind === 'clip' ? 'CLIPVisionModel' : 'SiglipVisionModel'],
    model_type: MODEL_TYPES[config.kind],
    image_size: config.imageSizePx,
    patch_size: config.patchSizePx,
    num_channels: 3,
    hidden_size: config.hidden,
    intermediate_size: config.inner,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_act: config.activation,
    layer_norm_eps: config.layerNormEps,
    ...(config.kind === 'siglip' ? { vision_use_head: false } : {}),
    torch_dtype: 'float32',
  };
}
