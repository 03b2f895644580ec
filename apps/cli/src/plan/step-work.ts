import { imageTokens } from '@llava-ts/llava';
import type { LlavaConfig } from '@llava-ts/llava';
import type { StageConfig } from '@llava-ts/trainer';
import { featureDepth, patchCount } from '@llava-ts/vision-encoder';

import { countParameters } from './count-parameters.js';

/** Floating-point operations of one sample, a multiplication and an addition counting as two. */
export interface SampleWork {
  readonly vision: number;
  readonly projector: number;
  readonly decoder: number;
  readonly total: number;
}

/** What one sample's work depends on. */
export interface WorkSettings extends Pick<StageConfig, 'trainable'> {
  /** Tokens of the sample, image included. */
  readonly tokens: number;
  readonly recompute: boolean;
}

/**
 * The work of a sample with one image: the encoder forwards only; the decoder forwards, back to its input because the
 * projector learns below it, to its weights where they learn, and once more where it is recomputed. Attention is counted
 * over the whole square.
 */
export function sampleWork(config: LlavaConfig, { tokens, trainable, recompute }: WorkSettings): SampleWork {
  const { decoder } = config;
  const counts = countParameters(config).parts;
  const head = decoder.vocab * decoder.hidden;
  const embeddings = decoder.tiedEmbeddings ? head : 2 * head;
  const blocks =
    tokens * 2 * ((counts['decoder'] ?? 0) - embeddings) +
    attention(decoder.layers, decoder.heads * decoder.headDim, tokens);
  const forward = blocks + tokens * 2 * head;
  const learns = trainable.includes('decoder');
  const passes = 2 * forward + (learns ? forward : 0) + (recompute ? blocks : 0);
  const lora = 3 * 2 * (counts['lora'] ?? 0) * tokens;
  const work = {
    vision: visionWork(config, counts['vision'] ?? 0),
    projector: 3 * 2 * (counts['projector'] ?? 0) * imageTokens(config),
    decoder: passes + lora,
  };
  return { ...work, total: work.vision + work.projector + work.decoder };
}

/** Scores and their product with the values. */
function attention(layers: number, width: number, tokens: number): number {
  return 4 * layers * width * tokens ** 2;
}

function visionWork({ vision, featureLayer }: LlavaConfig, parameters: number): number {
  const tokens = patchCount(vision) + 1;
  return 2 * parameters * tokens + attention(featureDepth(vision, featureLayer), vision.hidden, tokens);
}
