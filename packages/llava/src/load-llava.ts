import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { LlavaError } from '@llava-ts/telemetry';
import type { LlavaConfig } from './config.js';
import { llavaFromHf, tokensFromHf } from './hugging-face.js';
import type { LlavaTokens } from './hugging-face.js';
import { llavaNames, normaliseLlavaName } from './names.js';
import { llavaParameters } from './parameters.js';
import { readParameters } from './read-parameters.js';
import type { Weights } from './read-parameters.js';

/** A model as it was read from a folder. */
export interface LoadedLlava {
  readonly config: LlavaConfig;
  /** By our path, float32. */
  readonly weights: Weights;
  readonly tokens: LlavaTokens;
  /** The whole `config.json`, for keys that others put there. */
  readonly hfConfig: HfConfig;
}

/**
 * Loads a LLaVA from a Hugging Face folder: `config.json` and safetensors in any layout that transformers has written.
 * @throws LlavaError `not-found`; `bad-input` for a configuration that is not supported; `mismatch` naming every tensor that does not fit
 */
export async function loadLlava(folder: string): Promise<LoadedLlava> {
  const hfConfig = await readHfConfig(folder);
  const config = inFile(folder, () => llavaFromHf(hfConfig));
  const weights = await readParameters(folder, {
    specs: llavaParameters(config),
    names: llavaNames(config),
    normalise: (stored) => dropTiedHead(config, normaliseLlavaName(stored)),
  });
  return { config, weights, tokens: await readTokens(folder, hfConfig), hfConfig };
}

/** Reads a folder's `config.json`. @throws LlavaError `not-found` or `bad-input`, naming the file */
export async function readHfConfig(folder: string): Promise<HfConfig> {
  const file = join(folder, 'config.json');
  const json = await readJson(file);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as HfConfig;
  throw new LlavaError('bad-input', `${file}: expected a JSON object.`);
}

/** Puts the folder in front of what is wrong with its configuration. */
export function inFile<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LlavaError) throw new LlavaError(error.code, join(folder, error.message), { cause: error });
    throw error;
  }
}

/** A tied decoder's file may hold the output layer all the same; transformers leaves it aside too. */
export function dropTiedHead({ decoder }: Pick<LlavaConfig, 'decoder'>, name: string | null): string | null {
  return decoder.tiedEmbeddings && name !== null && /(^|\.)lm_head\.weight$/.test(name) ? null : name;
}

/** `generation_config.json` where there is one, else what `config.json` says. */
async function readTokens(folder: string, hfConfig: HfConfig): Promise<LlavaTokens> {
  const file = join(folder, 'generation_config.json');
  const text = (hfConfig['text_config'] ?? {}) as HfConfig;
  const there = await stat(file).then(
    () => true,
    () => false,
  );
  const generation = there ? ((await readJson(file)) as HfConfig) : {};
  return tokensFromHf({ ...text, ...hfConfig, ...generation });
}
