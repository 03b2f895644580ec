export { readAdapter, writeAdapter } from './adapter-files.js';
export type { LoadedAdapter } from './adapter-files.js';
export { cacheVariables, decodeStep, prefill } from './cache.js';
export type { CachedDecoder, CacheSize } from './cache.js';
export { TINYLLAMA_1_1B, VICUNA_7B_V1_5 } from './config.js';
export type { DecoderConfig, RopeScaling, YarnScaling } from './config.js';
export { decoder, decoderLogits, embedTokens } from './decoder.js';
export type { DecoderOptions } from './decoder.js';
export { foldLora } from './fold-lora.js';
export { decoderFromHf, decoderNames, decoderToHf } from './hugging-face.js';
export { LORA_TARGETS, loraParameters } from './lora.js';
export type { Adapter, LoraBlock, LoraConfig, LoraLinear, LoraParameters, LoraTarget } from './lora.js';
export { packedOptions } from './packing.js';
export type { Packing } from './packing.js';
export { peftNames } from './peft.js';
export type { AdaptedModel } from './peft.js';
export { decoderParameters } from './parameters.js';
export type {
  AttentionParameters,
  DecoderBlockParameters,
  DecoderParameters,
  FeedForwardParameters,
} from './parameters.js';
