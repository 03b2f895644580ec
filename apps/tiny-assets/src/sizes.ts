import type { DecoderConfig } from '@llava-ts/decoder';
import type { ClipVisionConfig } from '@llava-ts/vision-encoder';

/** The quickstart's encoder: 96 x 96 pixels in 64 patches, 1.1 million parameters. */
export const TINY_VISION: ClipVisionConfig = {
  kind: 'clip',
  imageSizePx: 96,
  patchSizePx: 12,
  hidden: 128,
  inner: 512,
  layers: 5,
  heads: 4,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
};

/** The text tower that the encoder is contrasted with; it is thrown away afterwards. */
export const TEXT_TOWER: DecoderConfig = {
  vocab: 128,
  hidden: 128,
  inner: 344,
  layers: 2,
  heads: 4,
  keyHeads: 4,
  headDim: 32,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 40,
  tiedEmbeddings: true,
  attentionBias: false,
};

/** The quickstart's decoder: 1.7 million parameters; its vocabulary is the tokenizer's, its rotary base fits texts of a few hundred tokens. */
export const TINY_DECODER: Omit<DecoderConfig, 'vocab'> = {
  hidden: 160,
  inner: 432,
  layers: 5,
  heads: 5,
  keyHeads: 5,
  headDim: 32,
  rmsNormEps: 1e-5,
  ropeTheta: 500,
  maxTokens: 512,
  tiedEmbeddings: true,
  attentionBias: false,
};
