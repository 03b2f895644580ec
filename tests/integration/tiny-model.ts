import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@llava-ts/checkpoint';
import { TINY_TOKENIZER_CONFIG, V1_SYSTEM, trainTinyTokenizer } from '@llava-ts/data';
import { decoderNames, decoderParameters, decoderToHf } from '@llava-ts/decoder';
import type { DecoderConfig } from '@llava-ts/decoder';
import { createRandom, flattenTree, initialize } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { visionNames, visionParameters, visionToHf } from '@llava-ts/vision-encoder';
import type { ClipVisionConfig } from '@llava-ts/vision-encoder';

/** An encoder with random weights: 16 x 16 pixels in 4 patches. */
const VISION: ClipVisionConfig = {
  kind: 'clip',
  imageSizePx: 16,
  patchSizePx: 8,
  hidden: 32,
  inner: 64,
  layers: 2,
  heads: 2,
  activation: 'quick_gelu',
  layerNormEps: 1e-5,
};

/** A decoder with random weights. */
const DECODER: Omit<DecoderConfig, 'vocab'> = {
  hidden: 48,
  inner: 96,
  layers: 2,
  heads: 4,
  keyHeads: 2,
  headDim: 12,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  maxTokens: 128,
  tiedEmbeddings: true,
  attentionBias: false,
};

/** Random weights are this much larger than usual: parts that never learnt have little to say otherwise. */
const SPREAD = 4;

/**
 * Writes an encoder and a decoder in Hugging Face layout, with random weights and a tokenizer trained on a few texts.
 * @returns their folders
 */
export async function writeTinyModel(
  folder: string,
  texts: readonly string[],
): Promise<{ vision: string; decoder: string }> {
  const [vision, decoder] = [join(folder, 'vision'), join(folder, 'decoder')];
  const tokenizer = trainTinyTokenizer([V1_SYSTEM, ' USER: ASSISTANT:', ...texts], { maxVocab: 400 });
  const decoderConfig: DecoderConfig = { ...DECODER, vocab: Object.keys(tokenizer.model.vocab).length };
  await writePart(vision, visionToHf(VISION), {
    specs: visionParameters(VISION),
    names: visionNames(VISION),
    seed: 1,
  });
  await writePart(decoder, decoderToHf(decoderConfig), {
    specs: decoderParameters(decoderConfig),
    names: decoderNames(decoderConfig),
    seed: 2,
  });
  await writeFile(join(decoder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(decoder, 'tokenizer_config.json'), JSON.stringify(TINY_TOKENIZER_CONFIG));
  return { vision, decoder };
}

async function writePart(
  folder: string,
  config: Record<string, unknown>,
  part: { specs: unknown; names: Map<string, string>; seed: number },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const values = initialize(part.specs, createRandom(part.seed));
  for (const array of values.values())
    if (!array.every((value) => value === 1)) array.forEach((value, i) => (array[i] = SPREAD * value));
  const shapes = flattenTree<ParameterSpec>(part.specs);
  const tensors = new Map(
    [...values].map(([path, data]) => [part.names.get(path)!, { shape: shapes.get(path)!.shape, data }] as const),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
}
