import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeAtomic, writeSafetensors } from '@llava-ts/checkpoint';
import type { StoredDtype, WritableTensor } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { LlavaConfig } from './config.js';
import { llavaToHf, tokensToHf } from './hugging-face.js';
import type { LlavaTokens } from './hugging-face.js';
import { llavaNames } from './names.js';
import { llavaParameters } from './parameters.js';

/** What goes into the folder beside the model. */
export interface LlavaExtras {
  readonly tokens?: LlavaTokens;
  /** More keys of `config.json`, e.g. the template and the image aspect the model was trained with. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More JSON files by name; they replace those written by default (`processor_config.json`). */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Files to copy as they are, e.g. `tokenizer.json` and `tokenizer_config.json`. */
  readonly files?: readonly string[];
  /** Element type of the weights in the file; F32 loses nothing. */
  readonly dtype?: Extract<StoredDtype, 'F32' | 'F16' | 'BF16'>;
}

const TORCH_DTYPES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Writes a folder that transformers' `LlavaForConditionalGeneration.from_pretrained` loads (with a two-layer projector; it
 * knows no other). `config.json` is written last: a folder without it is not finished.
 * @param weights of all parameters, by our path
 * @throws LlavaError `mismatch` when a parameter is missing or of another size
 */
export async function saveLlava(
  folder: string,
  config: LlavaConfig,
  weights: ReadonlyMap<string, Float32Array>,
  extras: LlavaExtras = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'model.safetensors'), writableTensors(config, weights, extras.dtype ?? 'F32'), {
    format: 'pt',
  });
  for (const file of extras.files ?? []) await copyFile(file, join(folder, basename(file)));
  const { tokens } = extras;
  const json = {
    'processor_config.json': processorConfig(config),
    ...(tokens && { 'generation_config.json': tokensToHf(tokens) }),
    ...extras.json,
    'config.json': { ...llavaToHf(config, tokens), torch_dtype: TORCH_DTYPES[extras.dtype ?? 'F32'], ...extras.config },
  };
  for (const [name, value] of Object.entries(json)) {
    await writeAtomic(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

function writableTensors(
  config: LlavaConfig,
  weights: ReadonlyMap<string, Float32Array>,
  dtype: StoredDtype,
): Map<string, WritableTensor> {
  const specs = flattenTree<ParameterSpec>(llavaParameters(config));
  const names = llavaNames(config);
  const missing = [...specs.keys()].filter((path) => !weights.has(path));
  if (missing.length > 0)
    throw new LlavaError('mismatch', `Model to save: parameters are missing: ${missing.join(', ')}.`);
  return new Map(
    [...specs].map(([path, { shape }]) => [
      names.get(path) ?? path,
      { shape, data: weights.get(path) ?? new Float32Array(), dtype },
    ]),
  );
}

/** What transformers' processor needs to repeat the image token as often as there are features. */
function processorConfig(config: LlavaConfig): Record<string, unknown> {
  return {
    processor_class: 'LlavaProcessor',
    image_token: '<image>',
    patch_size: config.vision.patchSizePx,
    num_additional_image_tokens: 1, // the class token, which the strategy `default` then leaves out
    vision_feature_select_strategy: config.featureSelect === 'patch' ? 'default' : 'full',
  };
}
