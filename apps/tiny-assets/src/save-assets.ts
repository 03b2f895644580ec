import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomic, writeSafetensors } from '@llava-ts/checkpoint';
import { CLIP_MEAN, CLIP_STD, TINY_TOKENIZER_CONFIG } from '@llava-ts/data';
import { decoderNames, decoderParameters, decoderToHf } from '@llava-ts/decoder';
import type { DecoderConfig } from '@llava-ts/decoder';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { visionNames, clipVisionParameters, visionToHf } from '@llava-ts/vision-encoder';
import { TINY_VISION } from './sizes.js';

type Weights = ReadonlyMap<string, Float32Array>;

/** Half precision: the parts are small enough to be checked in, and training goes on from them in float32 anyway. */
async function writeWeights(
  folder: string,
  weights: Weights,
  specs: unknown,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const tensors = [...flattenTree<ParameterSpec>(specs)].map(([ours, { shape }]) => {
    const data = weights.get(ours) as Float32Array;
    return [names.get(ours) as string, { shape: [...shape], data, dtype: 'F16' as const }] as const;
  });
  await writeSafetensors(path.join(folder, 'model.safetensors'), new Map(tensors), { format: 'pt' });
}

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await writeAtomic(path.join(folder, name), Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}

/** Writes the encoder as a Hugging Face CLIP vision model, with its preprocessing. */
export async function saveEncoder(folder: string, weights: Weights): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeWeights(folder, weights, clipVisionParameters(TINY_VISION), visionNames(TINY_VISION));
  await writeJson(folder, 'config.json', visionToHf(TINY_VISION));
  const size = TINY_VISION.imageSizePx;
  await writeJson(folder, 'preprocessor_config.json', {
    image_processor_type: 'CLIPImageProcessor',
    do_resize: true,
    size: { shortest_edge: size },
    resample: 3,
    do_center_crop: true,
    crop_size: { height: size, width: size },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: CLIP_MEAN,
    image_std: CLIP_STD,
    do_convert_rgb: true,
  });
}

/** Writes the tokenizer files of the decoder. */
export async function saveTokenizer(folder: string, tokenizer: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeAtomic(path.join(folder, 'tokenizer.json'), Buffer.from(`${JSON.stringify(tokenizer)}\n`));
  await writeJson(folder, 'tokenizer_config.json', TINY_TOKENIZER_CONFIG);
}

/** Writes the decoder as a Hugging Face Llama. */
export async function saveDecoder(
  folder: string,
  config: DecoderConfig,
  ids: { bos: number; eos: number; pad: number },
  weights: Weights,
): Promise<void> {
  await writeWeights(folder, weights, decoderParameters(config), decoderNames(config));
  const special = { bos_token_id: ids.bos, eos_token_id: ids.eos, pad_token_id: ids.pad };
  await writeJson(folder, 'config.json', { ...decoderToHf(config), ...special });
  await writeJson(folder, 'generation_config.json', special);
}
