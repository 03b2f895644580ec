import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listWeights, readJson, writeAtomic, writeSafetensors } from '@llava-ts/checkpoint';
import type { WeightEntry } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import {
  originalProjectorNames,
  projectorFromHf,
  projectorNames,
  projectorParameters,
  projectorToHf,
} from '@llava-ts/projector';
import type { ProjectorConfig, ProjectorSizes } from '@llava-ts/projector';
import { LlavaError } from '@llava-ts/telemetry';
import type { LlavaConfig } from './config.js';
import { openParameters, readAll } from './read-parameters.js';
import type { Weights } from './read-parameters.js';
import type { WeightDtype, WeightSource } from './save-llava.js';

/** A projector without the model around it. */
export interface LoadedProjector {
  readonly config: ProjectorConfig;
  readonly sizes: ProjectorSizes;
  /** By the projector's own path, e.g. `layers.0.weight`. */
  readonly weights: Weights;
}

/** What a folder of one projector has: LLaVA's stage 1 leaves `mm_projector.bin`, we write safetensors. */
export const PROJECTOR_FILES = ['mm_projector.safetensors', 'mm_projector.bin'] as const;

/** In front of a projector's own name, depending on who saved it. */
const PREFIX = /^(base_model\.model\.)?(model\.)?(?=mm_projector\.|multi_modal_projector\.|vision_resampler\.)/;

/**
 * Reads a projector from a file (safetensors, or a PyTorch `.bin`, of which nothing is executed) in LLaVA's names or
 * transformers'. Its kind is `mm_projector_type` of the folder's `config.json`, or follows from the tensors: linear layers.
 * @throws LlavaError `not-found`, `corrupt`, `refused`; `mismatch` naming every tensor that is missing, extra or of another shape
 */
export async function loadProjector(file: string): Promise<LoadedProjector> {
  const stored = await listWeights(file);
  const declared = await readDeclaration(file);
  const config = declared?.config ?? inferredKind(file, stored);
  const sizes = declared?.sizes ?? inferredSizes(file, stored);
  const own = projectorNames(config);
  const ours = new Map([...originalProjectorNames(config)].map(([path, name]) => [name, own.get(path) ?? path]));
  const parameters = await openParameters(file, {
    specs: projectorParameters(config, sizes),
    names: own,
    normalise: (name) => {
      const bare = name.replace(PREFIX, '');
      return ours.get(`model.${bare}`) ?? bare;
    },
  });
  try {
    return { config, sizes, weights: await readAll(parameters) };
  } finally {
    await parameters.close();
  }
}

/**
 * Writes the projector of a model alone: `mm_projector.safetensors` in LLaVA's names, and a `config.json` that says its kind.
 * @param weights of the model, by our path; only `projector.*` is read
 */
export async function saveProjector(
  folder: string,
  config: LlavaConfig,
  weights: WeightSource,
  { dtype = 'F32' }: { readonly dtype?: WeightDtype } = {},
): Promise<void> {
  const sizes = { input: config.vision.hidden, output: config.decoder.hidden };
  const specs = flattenTree<ParameterSpec>(projectorParameters(config.projector, sizes));
  const names = originalProjectorNames(config.projector);
  const read = (path: string) => async (): Promise<Float32Array> => {
    const value = weights.get(`projector.${path}`);
    if (value === undefined) throw new LlavaError('mismatch', `Model to save: parameter projector.${path} is missing.`);
    return typeof value === 'function' ? await value() : value;
  };
  await mkdir(folder, { recursive: true });
  await writeSafetensors(
    join(folder, PROJECTOR_FILES[0]),
    new Map([...specs].map(([path, { shape }]) => [names.get(path) ?? path, { dtype, shape, read: read(path) }])),
    { format: 'pt' },
  );
  const json = {
    model_type: 'llava_projector',
    ...projectorToHf(config.projector),
    mm_hidden_size: sizes.input,
    hidden_size: sizes.output,
    mm_vision_select_layer: config.featureLayer,
    mm_vision_select_feature: config.featureSelect,
  };
  await writeAtomic(join(folder, 'config.json'), `${JSON.stringify(json, null, 2)}\n`);
}

/** What the `config.json` beside a projector says; a folder of LLaVA's own has the widths too. */
async function readDeclaration(
  file: string,
): Promise<{ readonly config: ProjectorConfig; readonly sizes?: ProjectorSizes } | undefined> {
  const json = await readJson(join(file, '..', 'config.json')).catch((error: unknown) => {
    if (error instanceof LlavaError && error.code === 'not-found') return {};
    throw error;
  });
  const keys = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof keys['mm_projector_type'] !== 'string') return undefined;
  const [input, output] = [keys['mm_hidden_size'], keys['hidden_size']];
  const config = projectorFromHf(keys);
  return typeof input === 'number' && typeof output === 'number' ? { config, sizes: { input, output } } : { config };
}

/** Weight matrices among the tensors, in the order of their names' numbers. */
function matrices(stored: ReadonlyMap<string, WeightEntry>): { number: number; shape: readonly number[] }[] {
  return [...stored]
    .filter(([name, { shape }]) => PREFIX.test(name) && name.endsWith('.weight') && shape.length === 2)
    .map(([name, { shape }]) => ({ number: Number(/(\d+)\.weight$/.exec(name)?.[1] ?? 0), shape }))
    .sort((a, b) => a.number - b.number);
}

function inferredKind(file: string, stored: ReadonlyMap<string, WeightEntry>): ProjectorConfig {
  const layers = matrices(stored).length;
  if (layers > 0) return layers === 1 ? { kind: 'linear' } : { kind: 'mlp', layers };
  const [first = 'nothing'] = stored.keys();
  throw new LlavaError(
    'mismatch',
    `${file}: has no projector: expected model.mm_projector.* or multi_modal_projector.*, found ${first}`,
  );
}

function inferredSizes(file: string, stored: ReadonlyMap<string, WeightEntry>): ProjectorSizes {
  const found = matrices(stored);
  const [first, last] = [found[0]?.shape, found.at(-1)?.shape];
  if (first === undefined || last === undefined) throw new LlavaError('mismatch', `${file}: has no projector matrices`);
  return { input: first[1] ?? 0, output: last[0] ?? 0 };
}
