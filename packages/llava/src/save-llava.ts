import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeAtomic, writeWeights } from '@llava-ts/checkpoint';
import type { DeferredTensor, StoredDtype, WriteWeightsOptions } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import { visionNames, visionToHf } from '@llava-ts/vision-encoder';
import type { LlavaConfig } from './config.js';
import { llavaToHf, llavaToOriginal, selectStrategy, tokensToHf } from './hugging-face.js';
import type { LlavaTokens } from './hugging-face.js';
import { llavaNames, originalLlavaNames } from './names.js';
import { llavaParameters } from './parameters.js';

/** Element types of the weights in a file; F32 loses nothing. */
export type WeightDtype = Extract<StoredDtype, 'F32' | 'F16' | 'BF16'>;

/** Parameters by our path, in memory or read when their turn comes. */
export type WeightSource = ReadonlyMap<string, Float32Array | (() => Promise<Float32Array>)>;

/** What goes into the folder beside the model. */
export interface LlavaExtras extends Pick<WriteWeightsOptions, 'maxShardBytes' | 'onFile'> {
  readonly tokens?: LlavaTokens;
  /** More keys of `config.json`, e.g. the template and the image aspect the model was trained with. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More JSON files by name; they replace those written by default (`processor_config.json`). */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Files to copy as they are, e.g. `tokenizer.json` and `tokenizer_config.json`. */
  readonly files?: readonly string[];
  readonly dtype?: WeightDtype;
}

const TORCH_DTYPES: Readonly<Record<WeightDtype, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * Writes a folder that transformers' `LlavaForConditionalGeneration.from_pretrained` loads with a two-layer projector, and refuses
 * with any other (see `llavaToHf`). `config.json` is written last: a folder without it is not finished.
 * @param weights of all parameters, by our path
 * @throws LlavaError `mismatch` when a parameter is missing or of another size
 */
export async function saveLlava(
  folder: string,
  config: LlavaConfig,
  weights: WeightSource,
  extras: LlavaExtras = {},
): Promise<void> {
  const { tokens } = extras;
  await writeTensors(folder, { config, weights, extras }, llavaNames(config));
  await writeBeside(folder, extras, {
    'processor_config.json': processorConfig(config),
    'config.json': llavaToHf(config, tokens),
  });
}

/** The folder in a model of LLaVA's own layout that has its vision tower. */
const TOWER = 'vision_tower';

/**
 * Writes a folder in the layout of haotian-liu/LLaVA: decoder and projector (`model.mm_projector.*`), and the vision tower as
 * a CLIP folder beside them, which `mm_vision_tower` names relative to the model.
 * @throws LlavaError `mismatch` when a parameter is missing or of another size
 */
export async function saveOriginalLlava(
  folder: string,
  config: LlavaConfig,
  weights: WeightSource,
  extras: LlavaExtras = {},
): Promise<void> {
  const towerNames = [...visionNames(config.vision)].map(([path, name]): [string, string] => [`vision.${path}`, name]);
  await writeTensors(join(folder, TOWER), { config, weights, extras }, new Map(towerNames));
  const preprocessing = (extras.files ?? []).filter((file) => basename(file) === 'preprocessor_config.json');
  const { dtype = 'F32' } = extras;
  await writeBeside(join(folder, TOWER), { files: preprocessing, dtype }, { 'config.json': visionToHf(config.vision) });
  await writeTensors(folder, { config, weights, extras }, originalLlavaNames(config));
  await writeBeside(folder, extras, { 'config.json': llavaToOriginal(config, TOWER, extras.tokens) });
}

/** A model on its way to a folder. */
interface Writing {
  readonly config: LlavaConfig;
  readonly weights: WeightSource;
  readonly extras: LlavaExtras;
}

async function writeTensors(folder: string, writing: Writing, names: ReadonlyMap<string, string>): Promise<void> {
  const { config, weights, extras } = writing;
  const { maxShardBytes, onFile, dtype = 'F32' } = extras;
  const tensors = deferredTensors(flattenTree<ParameterSpec>(llavaParameters(config)), { weights, names, dtype });
  await mkdir(folder, { recursive: true });
  await writeWeights(folder, tensors, {
    metadata: { format: 'pt' },
    ...(maxShardBytes !== undefined && { maxShardBytes }),
    ...(onFile !== undefined && { onFile }),
  });
}

function deferredTensors(
  specs: ReadonlyMap<string, ParameterSpec>,
  { weights, names, dtype }: { weights: WeightSource; names: ReadonlyMap<string, string>; dtype: WeightDtype },
): Map<string, DeferredTensor> {
  const missing = [...names.keys()].filter((path) => !weights.has(path));
  if (missing.length > 0)
    throw new LlavaError('mismatch', `Model to save: parameters are missing: ${missing.join(', ')}.`);
  const read = (path: string) => async (): Promise<Float32Array> => {
    const value = weights.get(path) ?? new Float32Array();
    return typeof value === 'function' ? await value() : value;
  };
  return new Map(
    [...names].map(([path, name]) => [name, { dtype, shape: specs.get(path)?.shape ?? [], read: read(path) }]),
  );
}

/** Files to copy, then JSON files, `config.json` last. */
async function writeBeside(
  folder: string,
  { files = [], json = {}, tokens, dtype = 'F32', config }: LlavaExtras,
  { 'config.json': modelConfig, ...defaults }: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const file of files) await copyFile(file, join(folder, basename(file)));
  const all: Record<string, unknown> = {
    ...defaults,
    ...(tokens && { 'generation_config.json': tokensToHf(tokens) }),
    ...json,
    'config.json': { ...(modelConfig as object), torch_dtype: TORCH_DTYPES[dtype], ...config },
  };
  for (const [name, value] of Object.entries(all)) {
    await writeAtomic(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** What transformers' processor needs to repeat the image token as often as there are features. */
function processorConfig(config: LlavaConfig): Record<string, unknown> {
  return {
    processor_class: 'LlavaProcessor',
    image_token: '<image>',
    patch_size: config.vision.patchSizePx,
    num_additional_image_tokens: config.vision.kind === 'clip' ? 1 : 0, // the class token, which `default` then leaves out
    vision_feature_select_strategy: selectStrategy(config),
  };
}
