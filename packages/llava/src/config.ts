import type { DecoderConfig, LoraConfig } from '@llava-ts/decoder';
import { projectorTokens } from '@llava-ts/projector';
import type { ProjectorConfig } from '@llava-ts/projector';
import { featureCount } from '@llava-ts/vision-encoder';
import type { VisionConfig, FeatureChoice } from '@llava-ts/vision-encoder';

/** A whole LLaVA: its three parts and how they are joined. */
export interface LlavaConfig {
  readonly vision: VisionConfig;
  readonly projector: ProjectorConfig;
  readonly decoder: DecoderConfig;
  /** The token that stands for an image; in `ids` it is repeated once per visual token of the image. */
  readonly imageTokenId: number;
  /** Which hidden states of the encoder are the features; -2 in the paper. */
  readonly featureLayer: number;
  readonly featureSelect: FeatureChoice['select'];
  /** An adapter of the decoder, beside its parameters; absent where the decoder is alone. */
  readonly lora?: LoraConfig;
}

/** How many tokens of the decoder one image takes. */
export function imageTokens(config: LlavaConfig): number {
  return projectorTokens(config.projector, imageFeatureCount(config));
}

/** How many features the encoder gives of one image. */
export function imageFeatureCount({ vision, featureSelect }: LlavaConfig): number {
  return featureCount(vision, featureSelect);
}
