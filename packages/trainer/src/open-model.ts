import { join } from 'node:path';
import { readJson } from '@llava-ts/checkpoint';
import { CLIP_MEAN, CLIP_STD, loadTokenizer } from '@llava-ts/data';
import type { PerChannel, Preprocessing } from '@llava-ts/data';
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
 * How an encoder wants its pictures: mean and standard deviation of its `preprocessor_config.json`, or CLIP's where there is none.
 * @throws {LlavaError} `bad-input` when the file has something else than three numbers
 */
export async function readPreprocessing(
  folder: string,
  options: { sizePx: number; aspect: ImageAspect },
): Promise<Preprocessing> {
  const file = join(folder, 'preprocessor_config.json');
  const json = (await readJson(file).catch((error: unknown) => {
    if (error instanceof LlavaError && error.code === 'not-found') return {};
    throw error;
  })) as { image_mean?: unknown; image_std?: unknown };
  return {
    ...options,
    mean: channels(json.image_mean, CLIP_MEAN, `${file}: image_mean`),
    std: channels(json.image_std, CLIP_STD, `${file}: image_std`),
  };
}

function channels(value: unknown, standard: PerChannel, place: string): PerChannel {
  if (value === undefined) return standard;
  if (Array.isArray(value) && value.length === 3 && value.every((number) => Number.isFinite(number)))
    return value as unknown as PerChannel;
  throw new LlavaError('bad-input', `${place}: expected three numbers, got ${JSON.stringify(value)}`);
}
