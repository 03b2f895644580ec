import type { HfConfig } from '@llava-ts/checkpoint';
import type { LlavaConfig } from './config.js';
import { llavaFromHf } from './hugging-face.js';
import type { LlavaTokens } from './hugging-face.js';
import { llavaNames, llavaNormaliser } from './names.js';
import { isOriginalConfig, openOriginalLlava } from './original-llava.js';
import type { FindTower } from './original-llava.js';
import { llavaParameters } from './parameters.js';
import { inFile, readHfConfig, readTokens } from './read-config.js';
import { openParameters, readAll } from './read-parameters.js';
import type { OpenParameters, Weights } from './read-parameters.js';

/** What a model folder says about its model. */
export interface LlavaFolder {
  readonly config: LlavaConfig;
  readonly tokens: LlavaTokens;
  /** The whole `config.json`, for keys that others put there. */
  readonly hfConfig: HfConfig;
}

/** A model whose parameters are checked and read one by one. */
export interface OpenLlava extends LlavaFolder, OpenParameters {
  /** Whose configuration and names the files have: those of transformers, or LLaVA's own. */
  readonly layout: 'hf' | 'original';
}

/** A model as it was read from a folder. */
export interface LoadedLlava extends LlavaFolder {
  /** By our path, float32. */
  readonly weights: Weights;
}

/** How a model is loaded. */
export interface LoadLlavaOptions {
  /** Where the vision tower of a model in LLaVA's own layout is that does not hold it; by default only beside the model. */
  readonly findTower?: FindTower;
}

/**
 * Opens a LLaVA folder, reading `config.json` and the headers of its weights: any layout that transformers has written, or
 * LLaVA's own; safetensors or PyTorch files, in shards or not. The caller closes it.
 * @throws LlavaError `not-found`; `bad-input` for a configuration that is not supported; `mismatch` naming every tensor that does not fit
 */
export async function openLlava(folder: string, options: LoadLlavaOptions = {}): Promise<OpenLlava> {
  const hfConfig = await readHfConfig(folder);
  if (isOriginalConfig(hfConfig)) {
    const opened = await openOriginalLlava(folder, hfConfig, options.findTower);
    return { ...opened, layout: 'original', hfConfig, tokens: await readTokens(folder, hfConfig) };
  }
  const config = inFile(folder, () => llavaFromHf(hfConfig));
  const parameters = await openParameters(folder, {
    specs: llavaParameters(config),
    names: llavaNames(config),
    normalise: llavaNormaliser(config),
  });
  return { ...parameters, config, layout: 'hf', hfConfig, tokens: await readTokens(folder, hfConfig) };
}

/** Loads a LLaVA into memory, see {@link openLlava}. */
export async function loadLlava(folder: string, options: LoadLlavaOptions = {}): Promise<LoadedLlava> {
  const opened = await openLlava(folder, options);
  try {
    const { config, tokens, hfConfig } = opened;
    return { config, tokens, hfConfig, weights: await readAll(opened) };
  } finally {
    await opened.close();
  }
}
