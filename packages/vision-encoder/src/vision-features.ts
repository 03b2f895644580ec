import type { Tensor } from '@tensorflow/tfjs-core';
import { clipVision, clipVisionHiddenStates } from './clip-vision.js';
import type { FeatureChoice, VisionConfig } from './config.js';
import { featureDepth } from './parameters.js';
import type { ClipVisionTrunk, SiglipVisionTrunk, VisionTrunk } from './parameters.js';
import { siglipVisionHiddenStates } from './siglip-vision.js';

/**
 * What LLaVA takes from an encoder: the hidden states of one layer, no norm behind them. Later layers do not run.
 * @param pixels `[images, 3, imageSizePx, imageSizePx]`, normalised
 * @returns `[images, patches, hidden]`, with CLIP's class token in front where it is selected
 * @throws LlavaError `mismatch` when the pixels have another shape, `bad-input` when there is no such layer
 */
export function visionFeatures(p: VisionTrunk, pixels: Tensor, config: VisionConfig, choice: FeatureChoice): Tensor {
  if (config.kind === 'clip') return clipVision(p as ClipVisionTrunk, pixels, config, choice);
  return visionHiddenStates(p, pixels, config, featureDepth(config, choice.featureLayer)).at(-1) as Tensor;
}

/** Hidden states `0 .. depth` of an encoder, each `[images, tokens, hidden]`. */
export function visionHiddenStates(p: VisionTrunk, pixels: Tensor, config: VisionConfig, depth: number): Tensor[] {
  return config.kind === 'clip'
    ? clipVisionHiddenStates(p as ClipVisionTrunk, pixels, config, depth)
    : siglipVisionHiddenStates(p as SiglipVisionTrunk, pixels, config, depth);
}
