import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { hfField, listWeights } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { decoderFromHf } from '@llava-ts/decoder';
import { projectorFromHf } from '@llava-ts/projector';
import { LlavaError } from '@llava-ts/telemetry';
import {
  CLIP_VIT_B_16,
  CLIP_VIT_B_32,
  CLIP_VIT_L_14,
  CLIP_VIT_L_14_336,
  SIGLIP_B_16,
  SIGLIP_SO400M_14_384,
  visionFromHf,
  visionNames,
  visionParameters,
} from '@llava-ts/vision-encoder';
import type { VisionConfig } from '@llava-ts/vision-encoder';
import type { LlavaConfig } from './config.js';
import { appendMeanRows, grownVocab } from './grow-vocabulary.js';
import { llavaNames, llavaNormaliser, normaliseClipName } from './names.js';
import { llavaParameters } from './parameters.js';
import { findImageToken, inFile, readHfConfig } from './read-config.js';
import { openParameters } from './read-parameters.js';
import type { OpenParameters } from './read-parameters.js';

/** Finds the folder of a vision tower by the name that a model calls it; undefined where there is none. */
export type FindTower = (name: string) => Promise<string | undefined>;

/** Towers of published models, which hold their weights but not their sizes. */
const KNOWN_TOWERS: Readonly<Record<string, VisionConfig>> = {
  'clip-vit-base-patch32': CLIP_VIT_B_32,
  'clip-vit-base-patch16': CLIP_VIT_B_16,
  'clip-vit-large-patch14': CLIP_VIT_L_14,
  'clip-vit-large-patch14-336': CLIP_VIT_L_14_336,
  'siglip-base-patch16-224': SIGLIP_B_16,
  'siglip-so400m-patch14-384': SIGLIP_SO400M_14_384,
};

/** Whether a `config.json` is LLaVA's own: a flat Llama with `mm_*` keys. Older ones share the model type `llava` with transformers. */
export function isOriginalConfig(json: HfConfig): boolean {
  return json['text_config'] === undefined && typeof json['mm_vision_tower'] === 'string';
}

/**
 * Opens a model of haotian-liu/LLaVA (`LlavaLlamaForCausalLM`). Its tower is in its files (`model.vision_tower.*`) or in the
 * folder that `mm_vision_tower` names. A token for images is added behind the vocabulary, as transformers' conversion does
 * (`convert_llava_weights_to_hf.py`): the layout itself has none.
 * @throws LlavaError `not-found` when the tower is nowhere; `bad-input`; `mismatch` naming every tensor that does not fit
 */
export async function openOriginalLlava(
  folder: string,
  json: HfConfig,
  findTower: FindTower = () => Promise.resolve(undefined),
): Promise<OpenParameters & { readonly config: LlavaConfig }> {
  const towerName = String(json['mm_vision_tower']);
  const towerFolder = await locateTower(folder, towerName, findTower);
  const holdsTower = [...(await listWeights(folder)).keys()].some((name) => /(^|\.)vision_tower\./.test(name));
  const vision = await towerConfig(folder, { towerName, towerFolder, holdsTower });
  const stored = inFile(folder, () => originalConfig(json, vision));
  const imageTokenId = hfField(json, 'image_token_index', (await findImageToken(folder)) ?? stored.decoder.vocab);
  const config = { ...stored, imageTokenId, decoder: grownVocab(stored.decoder, imageTokenId) };
  const whole = llavaParameters(stored);
  const main = await openParameters(folder, {
    specs: holdsTower ? whole : { projector: whole.projector, decoder: whole.decoder },
    names: llavaNames(stored),
    normalise: llavaNormaliser(stored),
  });
  if (holdsTower || towerFolder === undefined) return withImageRows(main, stored, config);
  const tower = await openTower(towerFolder, vision).catch(async (error: unknown) => {
    await main.close();
    throw error;
  });
  return withImageRows(joined(main, tower), stored, config);
}

function originalConfig(json: HfConfig, vision: VisionConfig): LlavaConfig {
  const select = hfField(json, 'mm_vision_select_feature', 'patch');
  if (select !== 'patch' && select !== 'cls_patch')
    throw new LlavaError(
      'bad-input',
      `config.json: 'mm_vision_select_feature' is '${select}'; expected patch or cls_patch.`,
    );
  const merge = hfField(json, 'mm_patch_merge_type', 'flat');
  if (merge !== 'flat')
    throw new LlavaError(
      'bad-input',
      `config.json: 'mm_patch_merge_type' is '${merge}'; only 'flat' is supported here.`,
    );
  return {
    vision,
    projector: projectorFromHf(json, 'linear'),
    decoder: decoderFromHf({ ...json, model_type: 'llama' }),
    imageTokenId: -1,
    featureLayer: hfField(json, 'mm_vision_select_layer', -2),
    featureSelect: select,
  };
}

async function locateTower(folder: string, name: string, findTower: FindTower): Promise<string | undefined> {
  for (const candidate of [join(folder, name), ...(isAbsolute(name) ? [name] : [])]) {
    const there = await stat(join(candidate, 'config.json')).then(
      () => true,
      () => false,
    );
    if (there) return candidate;
  }
  return findTower(name);
}

async function towerConfig(
  folder: string,
  tower: { towerName: string; towerFolder: string | undefined; holdsTower: boolean },
): Promise<VisionConfig> {
  const { towerName, towerFolder, holdsTower } = tower;
  if (towerFolder !== undefined) {
    const json = await readHfConfig(towerFolder);
    return inFile(towerFolder, () => visionFromHf(json));
  }
  const known = KNOWN_TOWERS[basename(towerName)];
  if (holdsTower && known !== undefined) return known;
  throw new LlavaError(
    'not-found',
    `${folder}: its vision tower '${towerName}' is not in the folder; get it with 'llava fetch ${towerName}'`,
  );
}

function openTower(folder: string, vision: VisionConfig): Promise<OpenParameters> {
  return openParameters(folder, {
    specs: { vision: visionParameters(vision) },
    names: new Map([...visionNames(vision)].map(([path, name]) => [`vision.${path}`, name])),
    normalise: normaliseClipName,
  });
}

function joined(main: OpenParameters, tower: OpenParameters): OpenParameters {
  const inTower = new Set(tower.paths);
  return {
    paths: [...tower.paths, ...main.paths],
    read: (path) => (inTower.has(path) ? tower : main).read(path),
    close: async () => {
      await main.close();
      await tower.close();
    },
  };
}

/** The same parameters with rows for the tokens that were added. */
function withImageRows(
  parameters: OpenParameters,
  stored: LlavaConfig,
  config: LlavaConfig,
): OpenParameters & { readonly config: LlavaConfig } {
  const { hidden, vocab } = config.decoder;
  const grows = new Set(vocab === stored.decoder.vocab ? [] : ['decoder.embedding.weight', 'decoder.head.weight']);
  return {
    ...parameters,
    config,
    read: async (path) => {
      const values = await parameters.read(path);
      return grows.has(path) ? appendMeanRows(values, hidden, vocab) : values;
    },
  };
}
