import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '@llava-ts/checkpoint';
import { TEMPLATE_NAMES, preprocessorConfig } from '@llava-ts/data';
import type { TemplateName } from '@llava-ts/data';
import { writeAdapter } from '@llava-ts/decoder';
import { loadTensorflow } from '@llava-ts/engine';
import { foldLlava, loraWeights, saveLlava } from '@llava-ts/llava';
import type { LlavaWeights } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import { openModel, readPreprocessing } from './open-model.js';
import type { ImageAspect, RunConfig } from './run-config.js';

/** How a trained model wants to be asked: it travels in the model's `config.json`. */
export interface ModelFormat {
  readonly template: TemplateName;
  readonly imageAspect: ImageAspect;
}

/**
 * Writes a trained model as a Hugging Face LLaVA folder: the pretrained parts with the parameters that were learnt, tokenizer,
 * preprocessing, and the format of the last stage. An adapter is folded into the decoder, and kept in `adapter/` in peft's layout.
 * @param parameters what differs from the pretrained files
 */
export async function exportModel(
  folder: string,
  config: RunConfig,
  parameters: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const { config: llava, weights, tokens } = await openModel(config.model, config.seed);
  const trained = { config: llava, weights: new Map([...weights, ...parameters]) };
  const whole = llava.lora === undefined ? trained : await foldAndKeepAdapter(folder, trained);
  const stage = config.stages.at(-1);
  const imageAspect = stage?.imageAspect ?? config.model.imageAspect;
  const sizePx = llava.vision.imageSizePx;
  const preprocessing = await readPreprocessing(config.model.vision, { sizePx, aspect: imageAspect });
  await saveLlava(folder, whole.config, whole.weights, {
    tokens,
    config: { image_aspect_ratio: imageAspect, conversation_template: stage?.template ?? 'v1' },
    files: await existing(config.model.decoder, ['tokenizer_config.json', 'special_tokens_map.json']),
    json: {
      'tokenizer.json': await tokenizerWithImage(config.model.decoder, llava.imageTokenId),
      'preprocessor_config.json': preprocessorConfig(preprocessing),
    },
  });
}

async function foldAndKeepAdapter(folder: string, trained: LlavaWeights): Promise<LlavaWeights> {
  const { lora, decoder } = trained.config;
  await loadTensorflow();
  const folded = foldLlava(trained);
  if (lora !== undefined) {
    const adapter = { lora, weights: loraWeights(trained.weights) };
    await writeAdapter(join(folder, 'adapter'), adapter, { config: decoder, model: 'llava' });
  }
  return folded;
}

/** Reads how a model wants to be asked; `v1` and `pad`, LLaVA-1.5's, for a model of another maker that does not say. */
export async function readModelFormat(folder: string): Promise<ModelFormat> {
  const { conversation_template: template, image_aspect_ratio: aspect } = (await readJson(
    join(folder, 'config.json'),
  )) as Record<string, unknown>;
  return {
    template: TEMPLATE_NAMES.find((name) => name === template) ?? 'v1',
    imageAspect: aspect === 'square' ? 'square' : 'pad',
  };
}

async function existing(folder: string, names: readonly string[]): Promise<string[]> {
  const files = names.map((name) => join(folder, name));
  const found = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, index) => found[index]);
}

interface TokenizerFile {
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}

/** The decoder's tokenizer with `<image>` at the id that the model was trained with. */
async function tokenizerWithImage(folder: string, imageTokenId: number): Promise<unknown> {
  const json = (await readJson(join(folder, 'tokenizer.json'))) as TokenizerFile;
  const added = json.added_tokens ?? [];
  if (added.some(({ content }) => content === '<image>')) return json;
  if (added.some(({ id }) => id === imageTokenId))
    throw new LlavaError('mismatch', `${folder}: token ${imageTokenId} is taken and cannot stand for pictures`);
  const image = {
    id: imageTokenId,
    content: '<image>',
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
  return { ...json, added_tokens: [...added, image] };
}
