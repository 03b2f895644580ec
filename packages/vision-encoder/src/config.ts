/** Sizes and switches that every vision transformer here has. */
export interface VisionSizes {
  readonly imageSizePx: number;
  readonly patchSizePx: number;
  readonly hidden: number;
  /** Width inside the feed-forward layer. */
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: 'quick_gelu' | 'gelu' | 'gelu_pytorch_tanh';
  readonly layerNormEps: number;
}

/** CLIP: a class token in front of the patches, and a norm before the first layer. */
export interface ClipVisionConfig extends VisionSizes {
  readonly kind: 'clip';
}

/** SigLIP: patches alone. */
export interface SiglipVisionConfig extends VisionSizes {
  readonly kind: 'siglip';
}

/** An encoder. */
export type VisionConfig = ClipVisionConfig | SiglipVisionConfig;

/** Which hidden states are the features. */
export interface FeatureChoice {
  /** Index into the hidden states: 0 is the (normed) embedding, `k` the output of layer `k`; negative counts from the end. */
  readonly featureLayer: number;
  /** `patch` leaves the class token out (transformers' `default`), `cls_patch` keeps it (`full`). A SigLIP has none. */
  readonly select: 'patch' | 'cls_patch';
}

/** openai/clip-vit-base-patch32: also what transformers' class has by default. */
export const CLIP_VIT_B_32: ClipVisionConfig = {
  kind: 'clip',
  imageSizePx: 224,
  patchSizePx: 32,
  hidden: 768,
  inner: 3072,
  layers: 12,
  heads: 12,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
};

/** openai/clip-vit-base-patch16. */
export const CLIP_VIT_B_16: ClipVisionConfig = { ...CLIP_VIT_B_32, patchSizePx: 16 };

/** openai/clip-vit-large-patch14: the encoder of the first LLaVA. */
export const CLIP_VIT_L_14: ClipVisionConfig = {
  ...CLIP_VIT_B_32,
  patchSizePx: 14,
  hidden: 1024,
  inner: 4096,
  layers: 24,
  heads: 16,
};

/** openai/clip-vit-large-patch14-336: the encoder of LLaVA-1.5. */
export const CLIP_VIT_L_14_336: ClipVisionConfig = { ...CLIP_VIT_L_14, imageSizePx: 336 };

/** google/siglip-base-patch16-224: also what transformers' class has by default. */
export const SIGLIP_B_16: SiglipVisionConfig = {
  kind: 'siglip',
  imageSizePx: 224,
  patchSizePx: 16,
  hidden: 768,
  inner: 3072,
  layers: 12,
  heads: 12,
  activation: 'gelu_pytorch_tanh',
  layerNormEps: 1e-6,
};

/** google/siglip-so400m-patch14-384: the encoder of LLaVA-OneVision and TinyLLaVA. */
export const SIGLIP_SO400M_14_384: SiglipVisionConfig = {
  ...SIGLIP_B_16,
  imageSizePx: 384,
  patchSizePx: 14,
  hidden: 1152,
  inner: 4304,
  layers: 27,
  heads: 16,
};

/** Patches of one image, without a class token. */
export function patchCount({ imageSizePx, patchSizePx }: VisionSizes): number {
  return Math.floor(imageSizePx / patchSizePx) ** 2;
}

/** Features of one image: one per patch, and the class token's if there is one and it is selected. */
export function featureCount(config: VisionConfig, select: FeatureChoice['select']): number {
  return patchCount(config) + (config.kind === 'clip' && select === 'cls_patch' ? 1 : 0);
}
