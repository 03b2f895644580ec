export { cacheVariables, decodeStep, prefill } from './cache.js';
export type { CachedDecoder, CacheSize } from './cache.js';
export { TINYLLAMA_1_1B, VICUNA_7B_V1_5 } from './config.js';
export type { DecoderConfig, RopeScaling } from './config.js';
export { decoder, decoderLogits, embedTokens } from './decoder.js';
export type { DecoderOptions } from './decoder.js';
export { decoderFromHf, decoderNames, decoderToHf } from './hugging-face.js';
export { decoderParameters } from './parameters.js';
export type {
  AttentionParameters,
  DecoderBlockParameters,
  DecoderParameters,
  FeedForwardParameters,
} from './parameters.js';
