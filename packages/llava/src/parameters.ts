import { decoderParameters, loraParameters } from '@llava-ts/decoder';
import type { DecoderParameters, LoraParameters } from '@llava-ts/decoder';
import { visionTrunk, visionParameters } from '@llava-ts/vision-encoder';
import type { VisionParameters, VisionTrunk } from '@llava-ts/vision-encoder';
import type { ParameterSpec } from '@llava-ts/engine';
import { projectorParameters } from '@llava-ts/projector';
import type { ProjectorParameters } from '@llava-ts/projector';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LlavaConfig } from './config.js';

/** All parameters of a LLaVA; paths are `vision.*`, `projector.*`, `decoder.*` and, where there is an adapter, `lora.*`. */
export interface LlavaParameters<L = Tensor> {
  vision: VisionParameters<L>;
  projector: ProjectorParameters<L>;
  decoder: DecoderParameters<L>;
  lora?: LoraParameters<L>;
}

/** The parameters that computing takes: the encoder without what lies behind the feature layer. */
export interface UsedLlavaParameters<L = Tensor> extends Omit<LlavaParameters<L>, 'vision'> {
  vision: VisionTrunk<L>;
}

/** Shapes and initial values of all parameters. */
export function llavaParameters(config: LlavaConfig): LlavaParameters<ParameterSpec> {
  return {
    vision: visionParameters(config.vision),
    projector: projectorParameters(config.projector, { input: config.vision.hidden, output: config.decoder.hidden }),
    decoder: decoderParameters(config.decoder),
    ...(config.lora && { lora: loraParameters(config.decoder, config.lora) }),
  };
}

/** The same without the encoder's last layers, which no LLaVA computes. */
export function usedLlavaParameters(config: LlavaConfig): UsedLlavaParameters<ParameterSpec> {
  const all = llavaParameters(config);
  return { ...all, vision: visionTrunk(all.vision, config.vision, config.featureLayer) };
}
