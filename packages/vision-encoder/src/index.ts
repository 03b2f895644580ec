export { clipVision, clipVisionHiddenStates, clipVisionPooled } from './clip-vision.js';
export { CLIP_VIT_L_14, CLIP_VIT_L_14_336, featureCount, patchCount } from './config.js';
export type { ClipVisionConfig, FeatureChoice } from './config.js';
export { clipVisionFromHf, clipVisionNames, clipVisionToHf } from './hugging-face.js';
export { clipVisionParameters, clipVisionTrunk, featureDepth } from './parameters.js';
export type {
  ClipAttentionParameters,
  ClipBlockParameters,
  ClipVisionParameters,
  ClipVisionTrunk,
} from './parameters.js';
