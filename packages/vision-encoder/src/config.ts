/** Sizes and switches of a CLIP vision transformer. */
export interface ClipVisionConfig {
  readonly imageSizePx: number;
  readonly patchSizePx: number;
  readonly hidden: number;
  /** Width inside the feed-forward layer. */
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly layerNormEps: number;
}

/** Which hidden states are the features. */
export interface FeatureChoice {
  /** Index into the hidden states: 0 is the normed embedding, `k` the output of layer `k`; negative counts from the end. */
  readonly featureLayer: number;
  /** `patch` leaves the class token out. */
  readonly select: 'patch' | 'cls_patch';
}

/** openai/clip-vit-large-patch14-336: the encoder of LLaVA-1.5. */
export const CLIP_VIT_L_14_336: ClipVisionConfig = {
  imageSizePx: 336,
  patchSizePx: 14,
  hidden: 1024,
  inner: 4096,
  layers: 24,
  heads: 16,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
};

/** openai/clip-vit-large-patch14: the encoder of the first LLaVA. */
export const CLIP_VIT_L_14: ClipVisionConfig = { ...CLIP_VIT_L_14_336, imageSizePx: 224 };

/** Patches of one image, without the class token. */
export function patchCount({ imageSizePx, patchSizePx }: ClipVisionConfig): number {
  return Math.floor(imageSizePx / patchSizePx) ** 2;
}

/** Features of one image: one per patch, and the class token's if it is selected. */
export function featureCount(config: ClipVisionConfig, select: FeatureChoice['select']): number {
  return patchCount(config) + (select === 'cls_patch' ? 1 : 0);
}
