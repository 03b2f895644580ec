import { layerNorm } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SiglipVisionConfig } from './config.js';
import type { SiglipVisionParameters, SiglipVisionTrunk } from './parameters.js';
import { patchTokens, runBlocks } from './transformer.js';

/**
 * SigLIP's hidden states `0 .. depth`, each `[images, patches, hidden]`: patches with their positions, then every layer's output.
 * Reference: transformers, `modeling_siglip.py`, `SiglipVisionTransformer`.
 * @param pixels `[images, 3, imageSizePx, imageSizePx]`, normalised
 * @throws LlavaError `mismatch` when the pixels have another shape
 */
export function siglipVisionHiddenStates(
  p: SiglipVisionTrunk,
  pixels: Tensor,
  config: SiglipVisionConfig,
  depth: number,
): Tensor[] {
  const embedded = tf.add(patchTokens(p.patchEmbedding, pixels, config), p.positionEmbedding.weight);
  return runBlocks(p.blocks.slice(0, depth), embedded, config);
}

/**
 * The last hidden states behind the last norm (`last_hidden_state` in transformers), which LLaVA leaves aside.
 * @param last `[images, patches, hidden]`, the last of {@link siglipVisionHiddenStates}
 */
export function siglipVisionNormed(
  p: Pick<SiglipVisionParameters, 'postNorm'>,
  last: Tensor,
  config: SiglipVisionConfig,
): Tensor {
  return layerNorm(p.postNorm, last, config.layerNormEps);
}
