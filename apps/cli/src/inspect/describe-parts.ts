import type { DecoderConfig } from '@llava-ts/decoder';
import type { LlavaConfig } from '@llava-ts/llava';
import { projectorType } from '@llava-ts/projector';
import { patchCount } from '@llava-ts/vision-encoder';
import type { VisionConfig } from '@llava-ts/vision-encoder';

/** An encoder in words. */
export function describeVision(config: VisionConfig): string {
  const { kind, layers, hidden, heads, imageSizePx, patchSizePx, activation } = config;
  return `${kind === 'clip' ? 'CLIP' : 'SigLIP'} ViT, ${layers} layers, ${hidden} wide, ${heads} heads, ${activation}; ${imageSizePx} px in ${patchCount(config)} patches of ${patchSizePx}`;
}

/** A decoder in words. */
export function describeDecoder(config: DecoderConfig): string {
  const { layers, hidden, heads, keyHeads, inner, vocab, maxTokens, tiedEmbeddings } = config;
  const keys = keyHeads === heads ? '' : ` (${keyHeads} for keys)`;
  const tied = tiedEmbeddings ? ', tied' : '';
  return `Llama, ${layers} layers, ${hidden} wide, ${heads} heads${keys}, ${inner} inside; vocabulary ${vocab}${tied}, ${maxTokens} tokens`;
}

/** How a LLaVA's parts are joined, in words. */
export function describeProjector({ projector, vision, decoder, featureLayer, featureSelect }: LlavaConfig): string {
  return `${projectorType(projector)}, ${vision.hidden} to ${decoder.hidden}; features of layer ${featureLayer} (${featureSelect})`;
}
