import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { readJson } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { decoderFromHf, TINYLLAMA_1_1B, VICUNA_7B_V1_5 } from '@llava-ts/decoder';
import type { DecoderConfig } from '@llava-ts/decoder';
import type { LlavaConfig } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { ModelConfig } from '@llava-ts/trainer';
import { CLIP_VIT_L_14, CLIP_VIT_L_14_336, clipVisionFromHf } from '@llava-ts/vision-encoder';
import type { ClipVisionConfig } from '@llava-ts/vision-encoder';

/** Sizes of published parts, so that a run can be planned before they are fetched; the image token is in the vocabulary. */
const DECODERS: Readonly<Record<string, DecoderConfig>> = {
  'vicuna-7b-v1.1': { ...VICUNA_7B_V1_5, vocab: 32064, maxTokens: 2048, rmsNormEps: 1e-6 },
  'vicuna-7b-v1.5': { ...VICUNA_7B_V1_5, vocab: 32064 },
  'vicuna-13b-v1.5': {
    ...VICUNA_7B_V1_5,
    vocab: 32064,
    hidden: 5120,
    inner: 13824,
    layers: 40,
    heads: 40,
    keyHeads: 40,
  },
  'TinyLlama-1.1B-Chat-v1.0': { ...TINYLLAMA_1_1B, vocab: 32064 },
};

const ENCODERS: Readonly<Record<string, ClipVisionConfig>> = {
  'clip-vit-large-patch14': CLIP_VIT_L_14,
  'clip-vit-large-patch14-336': CLIP_VIT_L_14_336,
};

/**
 * The sizes of a run's model: from the `config.json` of its parts, or of published parts by the name of their folder.
 * @throws LlavaError `not-found` for a part that is neither there nor published
 */
export async function resolveSizes(model: ModelConfig): Promise<LlavaConfig> {
  const { projector, featureLayer, featureSelect, lora } = model;
  const decoder = await sizesOf(model.decoder, decoderFromHf, DECODERS);
  return {
    vision: await sizesOf(model.vision, clipVisionFromHf, ENCODERS),
    decoder,
    projector,
    featureLayer,
    featureSelect,
    imageTokenId: decoder.vocab - 1,
    ...(lora !== undefined && { lora }),
  };
}

async function sizesOf<T>(folder: string, read: (json: HfConfig) => T, known: Readonly<Record<string, T>>): Promise<T> {
  const file = join(folder, 'config.json');
  if (existsSync(file)) return read((await readJson(file)) as HfConfig);
  const published = known[basename(folder)];
  if (published !== undefined) return published;
  throw new LlavaError(
    'not-found',
    `${folder}: is not there, and its name is none of ${Object.keys(known).join(', ')}; get it with 'llava fetch', at least its config.json (--include config.json)`,
  );
}
