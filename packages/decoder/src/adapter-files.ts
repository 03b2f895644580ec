import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, readJson, readSafetensors, writeAtomic, writeSafetensors } from '@llava-ts/checkpoint';
import type { HfConfig, WritableTensor } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import type { ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { DecoderConfig } from './config.js';
import { loraParameters } from './lora.js';
import type { LoraConfig } from './lora.js';
import { bareName, barePeftName, loraFromPeft, loraToPeft, peftNames } from './peft.js';
import type { AdaptedModel } from './peft.js';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/** An adapter as it was read from a folder, values by our path. */
export interface LoadedAdapter {
  readonly lora: LoraConfig;
  readonly weights: Map<string, Float32Array>;
}

/**
 * Reads an adapter from a folder that peft's `save_pretrained` has written, for a decoder of the given sizes.
 * @throws LlavaError `not-found`; `bad-input` for settings that are not supported; `mismatch` naming every tensor that is
 * missing, extra or of another shape
 */
export async function readAdapter(folder: string, config: DecoderConfig): Promise<LoadedAdapter> {
  const json = await readJson(join(folder, CONFIG));
  const stored = await listAdapter(join(folder, WEIGHTS));
  const lora = inFolder(folder, () => loraFromPeft((json ?? {}) as HfConfig, stored.keys()));
  const storedNames = match(folder, stored, flattenTree<ParameterSpec>(loraParameters(config, lora)));
  const tensors = await readSafetensors(join(folder, WEIGHTS));
  return {
    lora,
    weights: new Map(
      [...storedNames].map(([path, name]) => {
        const data = tensors.get(name)?.data;
        if (data instanceof Float32Array) return [path, data];
        throw new LlavaError(
          'bad-input',
          `${folder}: tensor '${name}' holds whole numbers; expected F32, F16 or BF16.`,
        );
      }),
    ),
  };
}

/**
 * Writes an adapter in peft's layout; `PeftModel.from_pretrained` loads it. `adapter_config.json` is written last.
 * @param weights of all its tensors, by our path
 * @throws LlavaError `mismatch` naming the tensors that are missing
 */
export async function writeAdapter(
  folder: string,
  { lora, weights }: { readonly lora: LoraConfig; readonly weights: ReadonlyMap<string, Float32Array> },
  { config, model }: { readonly config: DecoderConfig; readonly model: AdaptedModel },
): Promise<void> {
  const names = peftNames(config, lora, model);
  const missing = [...names.keys()].filter((path) => !weights.has(path));
  if (missing.length > 0)
    throw new LlavaError('mismatch', `Adapter to save: tensors are missing: ${missing.join(', ')}.`);
  const tensors = [...flattenTree<ParameterSpec>(loraParameters(config, lora))].map(
    ([path, { shape }]): [string, WritableTensor] => [
      names.get(path) ?? path,
      { shape, data: weights.get(path) ?? new Float32Array() },
    ],
  );
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, WEIGHTS), new Map(tensors), { format: 'pt' });
  await writeAtomic(join(folder, CONFIG), `${JSON.stringify(loraToPeft(lora, model), null, 2)}\n`);
}

async function listAdapter(file: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const opened = await openSafetensors(file);
  try {
    return new Map([...opened.entries].map(([name, { shape }]) => [name, shape]));
  } finally {
    await opened.close();
  }
}

/** The stored name of every tensor. */
function match(
  folder: string,
  stored: ReadonlyMap<string, readonly number[]>,
  specs: ReadonlyMap<string, ParameterSpec>,
): Map<string, string> {
  const byName = new Map(Array.from(stored.keys(), (name) => [barePeftName(name), name]));
  const paths = new Map<string, string>();
  const problems: string[] = [];
  for (const [path, { shape }] of specs) {
    const name = byName.get(bareName(path));
    byName.delete(bareName(path));
    const found = stored.get(name ?? '');
    if (name === undefined || found === undefined) problems.push(`missing ${bareName(path)}`);
    else if (found.join() !== shape.join())
      problems.push(`${name} is [${found.join(', ')}], expected [${shape.join(', ')}]`);
    else paths.set(path, name);
  }
  problems.push(...Array.from(byName.values(), (name) => `extra ${name}`));
  if (problems.length === 0) return paths;
  throw new LlavaError('mismatch', `${folder}: the adapter does not fit the model: ${problems.join('; ')}.`);
}

function inFolder<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LlavaError) throw new LlavaError(error.code, join(folder, error.message), { cause: error });
    throw error;
  }
}
