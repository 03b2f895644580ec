import { join } from 'node:path';
import { readJson } from '@llava-ts/checkpoint';
import { loadTokenizer, readPreprocessorConfig } from '@llava-ts/data';
import type { Preprocessing } from '@llava-ts/data';
import { assembleLlava, attachLora } from '@llava-ts/llava';
import type { LoadedLlava } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { ImageAspect, ModelConfig } from './run-config.js';

/**
 * Loads the pretrained parts of a run and joins them with the run's fresh projector and, where it has one, its fresh adapter: the same values in every process.
 * @throws {LlavaError} `not-found`, `bad-input` or `mismatch`, naming the folder and what does not fit
 */
export async function openModel(model: ModelConfig, seed: number): Promise<LoadedLlava> {
  const { imageTokenId } = await loadTokenizer(model.decoder);
  const assembled = await assembleLlava({
    imageTokenId,
    visionDir: model.vision,
    decoderDir: model.decoder,
    projector: model.projector,
    featureLayer: model.featureLayer,
    featureSelect: model.featureSelect,
    seed,
  });
  return model.lora === undefined ? assembled : attachLora(assembled, model.lora, seed);
}

/**
 * How an encoder wants its pictures, from its `preprocessor_config.json`; CLIP's way where there is none.
 * @throws {LlavaError} `bad-input` when the file asks for something that is not built here
 */
export async function readPreprocessing(
  folder: string,
  options: { sizePx: number; aspect: ImageAspect },
): Promise<Preprocessing> {
  const file = join(folder, 'preprocessor_config.json');
  const json: unknown = await readJson(file).catch((error: unknown) => {
    if (error instanceof LlavaError && error.code === 'not-found') return {};
    throw error;
  });
  return { ...readPreprocessorConfig(json, file), ...options };
}
