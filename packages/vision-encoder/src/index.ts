export { clipVision, clipVisionHiddenStates, clipVisionPooled } from './clip-vision.js';
export {
  CLIP_VIT_B_16,
  CLIP_VIT_B_32,
  CLIP_VIT_L_14,
  CLIP_VIT_L_14_336,
  featureCount,
  patchCount,
  SIGLIP_B_16,
  SIGLIP_SO400M_14_384,
} from './config.js';
export type { ClipVisionConfig, FeatureChoice, SiglipVisionConfig, VisionConfig, VisionSizes } from './config.js';
export { clipVisionFromHf, visionFromHf, visionNames, visionToHf } from './hugging-face.js';
export {
  clipVisionParameters,
  featureDepth,
  siglipVisionParameters,
  visionParameters,
  visionTrunk,
} from './parameters.js';
export type {
  ClipVisionParameters,
  ClipVisionTrunk,
  PatchEmbeddingParameters,
  SiglipVisionParameters,
  SiglipVisionTrunk,
  VisionAttentionParameters,
  VisionBlockParameters,
  VisionParameters,
  VisionTrunk,
} from './parameters.js';
export { siglipVisionHiddenStates, siglipVisionNormed } from './siglip-vision.js';
export { visionFeatures, visionHiddenStates } from './vision-features.js';
