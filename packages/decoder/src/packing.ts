import { axes } from '@llava-ts/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.js';
import type { DecoderOptions } from './decoder.js';
import { causalMask, segmentMask } from './mask.js';
import { rotaryAt } from './rotary.js';

/** Where the samples of packed rows are. */
export interface Packing {
  /** int32 `[batch, tokens]`: tokens of one sample have one number, neighbouring samples different ones. */
  readonly segments: Tensor;
  /** int32 `[batch, tokens]`: the place of each token in its sample. */
  readonly positions: Tensor;
}

/** What makes {@link decoder} compute each sample of a packed row as if it were alone: block-diagonal attention, positions of its own. */
export function packedOptions(
  config: DecoderConfig,
  { segments, positions }: Packing,
): Required<Pick<DecoderOptions, 'mask' | 'rotary'>> {
  const { tokens } = axes(segments, 'batch tokens');
  const lengths = tf.add(tf.max(positions, 1), tf.scalar(1, 'int32')); // [batch]: of the longest sample
  return {
    mask: tf.add(causalMask(tokens), segmentMask(segments)), // [batch, 1, tokens, tokens]
    rotary: rotaryAt(config, { positions, lengths, maxTokens: tokens }),
  };
}
