import { hfField } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { decoderFromHf, decoderToHf } from '@llava-ts/decoder';
import { projectorFromHf, projectorToHf, projectorType } from '@llava-ts/projector';
import { LlavaError } from '@llava-ts/telemetry';
import { CLIP_VIT_L_14_336, visionFromHf, visionToHf } from '@llava-ts/vision-encoder';
import { imageTokens } from './config.js';
import type { LlavaConfig } from './config.js';

/** Tokens that begin, end and fill a text; they belong to the tokenizer, and travel in the model's configuration. */
export interface LlavaTokens {
  readonly bosId?: number;
  /** Any of these ends an answer. */
  readonly eosIds: readonly number[];
  readonly padId?: number;
}

/**
 * The model type of what transformers' `llava` cannot compute, so that it refuses the folder instead of making up a projector.
 */
const OWN_MODEL_TYPE = 'llava_ts';

/** The two values of `vision_feature_select_strategy`. */
const SELECTS: Readonly<Record<string, LlavaConfig['featureSelect']>> = { default: 'patch', full: 'cls_patch' };

/**
 * Reads a `LlavaConfig` of transformers.
 * @throws LlavaError `bad-input` when it describes something this model does not compute
 */
export function llavaFromHf(json: HfConfig): LlavaConfig {
  const kind = hfField(json, 'model_type', 'llava');
  if (kind !== 'llava' && kind !== OWN_MODEL_TYPE)
    throw new LlavaError('bad-input', `config.json: 'model_type' is '${kind}'; expected 'llava'.`);
  const strategy = hfField(json, 'vision_feature_select_strategy', 'default');
  const featureSelect = SELECTS[strategy];
  if (featureSelect === undefined) {
    throw new LlavaError(
      'bad-input',
      `config.json: 'vision_feature_select_strategy' is '${strategy}'; expected default or full.`,
    );
  }
  const text = (json['text_config'] ?? {}) as HfConfig;
  const vision =
    (json['vision_config'] ?? null) === null
      ? CLIP_VIT_L_14_336 // the default of transformers' class
      : visionFromHf(json['vision_config'] as HfConfig);
  if (vision.kind === 'siglip' && strategy === 'default') {
    throw new LlavaError(
      'bad-input',
      "config.json: 'vision_feature_select_strategy' is 'default', which drops a SigLIP's first patch; expected full.",
    );
  }
  return {
    vision,
    projector: readProjector(json),
    decoder: decoderFromHf({ tie_word_embeddings: json['tie_word_embeddings'], ...text }),
    imageTokenId: hfField(json, 'image_token_index', hfField(json, 'image_token_id', 32000)),
    featureLayer: hfField(json, 'vision_feature_layer', -2),
    featureSelect: vision.kind === 'siglip' ? 'patch' : featureSelect, // a SigLIP has no class token to keep
  };
}

/** transformers knows two layers only; of other projectors the keys are LLaVA's and BLIP-2's. */
function readProjector(json: HfConfig): LlavaConfig['projector'] {
  const activation = hfField(json, 'projector_hidden_act', 'gelu');
  const bias = hfField(json, 'multimodal_projector_bias', true);
  if (activation === 'gelu' && bias) return projectorFromHf(json);
  throw new LlavaError(
    'bad-input',
    `config.json: a projector with '${activation}'${bias ? '' : ' and without bias'} is not supported; expected gelu and biases.`,
  );
}

/** Whether transformers' `LlavaForConditionalGeneration` can compute a model: its projector is two linear layers with GELU. */
function transformersKnows({ projector }: LlavaConfig): boolean {
  return projectorType(projector) === 'mlp2x_gelu';
}

/**
 * Checks that a model can be written for transformers.
 * @throws LlavaError `bad-input` naming the projector
 */
export function checkTransformersLayout(config: LlavaConfig): void {
  if (transformersKnows(config)) return;
  throw new LlavaError(
    'bad-input',
    `This model's projector is ${projectorType(config.projector)}, but transformers' LlavaForConditionalGeneration has mlp2x_gelu alone; export it as 'original', or keep the folder that training wrote.`,
  );
}

/**
 * The `LlavaConfig` of a model, readable by transformers 4 and 5. With another projector than two layers the keys are the same,
 * with LLaVA's and BLIP-2's for the projector, under a model type of our own.
 */
export function llavaToHf(config: LlavaConfig, tokens?: LlavaTokens): Record<string, unknown> {
  const known = transformersKnows(config);
  const special = tokens === undefined ? {} : tokensToHf(tokens);
  return {
    architectures: [known ? 'LlavaForConditionalGeneration' : 'LlavaTsForConditionalGeneration'],
    model_type: known ? 'llava' : OWN_MODEL_TYPE,
    ignore_index: -100,
    image_token_index: config.imageTokenId,
    image_seq_length: imageTokens(config),
    projector_hidden_act: 'gelu',
    multimodal_projector_bias: true,
    ...(known ? {} : projectorToHf(config.projector)),
    vision_feature_layer: config.featureLayer,
    vision_feature_select_strategy: selectStrategy(config),
    tie_word_embeddings: config.decoder.tiedEmbeddings,
    torch_dtype: 'float32',
    ...special,
    text_config: { ...decoderToHf(config.decoder), ...special },
    vision_config: visionToHf(config.vision),
  };
}

/**
 * The `config.json` of a model in LLaVA's own layout (`LlavaLlamaForCausalLM`): a flat Llama with `mm_*` keys.
 * @param tower what `mm_vision_tower` says: a hub's name, or a folder
 */
export function llavaToOriginal(config: LlavaConfig, tower: string, tokens?: LlavaTokens): Record<string, unknown> {
  return {
    ...decoderToHf(config.decoder),
    architectures: ['LlavaLlamaForCausalLM'],
    model_type: 'llava_llama',
    mm_vision_tower: tower,
    image_token_index: config.imageTokenId, // ours; LLaVA itself has no such token
    mm_hidden_size: config.vision.hidden,
    ...projectorToHf(config.projector),
    mm_vision_select_layer: config.featureLayer,
    mm_vision_select_feature: config.featureSelect,
    mm_patch_merge_type: 'flat',
    mm_use_im_start_end: false,
    mm_use_im_patch_token: false,
    use_mm_proj: true,
    tune_mm_mlp_adapter: false,
    freeze_mm_mlp_adapter: false,
    tokenizer_padding_side: 'right',
    tokenizer_model_max_length: config.decoder.maxTokens,
    ...(tokens === undefined ? {} : tokensToHf(tokens)),
  };
}

/** The `vision_feature_select_strategy`: `default` drops the first token, which a SigLIP cannot spare. */
export function selectStrategy({ vision, featureSelect }: LlavaConfig): 'default' | 'full' {
  return vision.kind === 'clip' && featureSelect === 'patch' ? 'default' : 'full';
}

/** Reads the special tokens; `eos_token_id` may be a number or a list. */
export function tokensFromHf(json: HfConfig): LlavaTokens {
  const { bos_token_id: bosId, eos_token_id: eos, pad_token_id: padId } = json;
  const eosIds = (Array.isArray(eos) ? eos : [eos]).filter((id) => typeof id === 'number');
  return { ...(typeof bosId === 'number' ? { bosId } : {}), eosIds, ...(typeof padId === 'number' ? { padId } : {}) };
}

/** The keys of `generation_config.json`, and of the configuration. */
export function tokensToHf({ bosId, eosIds, padId }: LlavaTokens): Record<string, unknown> {
  return {
    ...(bosId === undefined ? {} : { bos_token_id: bosId }),
    ...(eosIds.length === 0 ? {} : { eos_token_id: eosIds.length === 1 ? eosIds[0] : eosIds }),
    ...(padId === undefined ? {} : { pad_token_id: padId }),
  };
}
