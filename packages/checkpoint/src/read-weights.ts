import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';
import { readJson } from './read-json.js';
import { openSafetensors, readSafetensors } from './read-safetensors.js';
import { quoteName } from './tensor.js';
import type { StoredTensor } from './tensor.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Which weights of a checkpoint to read, and from where. */
export interface ReadWeightsOptions {
  /** Only these tensors; a missing one is an error. By default all. */
  readonly names?: Iterable<string>;
}

/**
 * Reads the weights of a Hugging Face checkpoint: a folder with model.safetensors or with model.safetensors.index.json
 * and its shards, or one of those files itself. With `names`, shards that hold none of them are not opened.
 * @throws LlavaError `not-found`, `corrupt`, `bad-input`.
 */
export async function readWeights(path: string, options: ReadWeightsOptions = {}): Promise<Map<string, StoredTensor>> {
  const file = await resolveWeights(path);
  return file.endsWith('.index.json') ? await readSharded(file, options) : await readSafetensors(file, options);
}

/** Lists the tensors of a checkpoint with their shapes, reading headers only. */
export async function listWeights(path: string): Promise<Map<string, { dtype: string; shape: readonly number[] }>> {
  const file = await resolveWeights(path);
  const files = file.endsWith('.index.json') ? [...new Set((await readIndex(file)).values())] : [file];
  const found = new Map<string, { dtype: string; shape: readonly number[] }>();
  for (const shard of files) {
    const opened = await openSafetensors(shard);
    for (const [name, { dtype, shape }] of opened.entries) found.set(name, { dtype, shape });
    await opened.close();
  }
  return found;
}

async function resolveWeights(path: string): Promise<string> {
  const exists = (file: string) =>
    stat(file).then(
      () => true,
      () => false,
    );
  const target = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read its weights');
  });
  if (!target.isDirectory()) return path;
  for (const name of [INDEX, SINGLE]) {
    if (await exists(join(path, name))) return join(path, name);
  }
  throw new LlavaError(
    'not-found',
    `${path}: has neither ${SINGLE} nor ${INDEX}; expected a Hugging Face model folder`,
  );
}

async function readSharded(index: string, options: ReadWeightsOptions): Promise<Map<string, StoredTensor>> {
  const shardOf = await readIndex(index);
  const names = [...(options.names ?? shardOf.keys())];
  const byShard = new Map<string, string[]>();
  for (const name of names) {
    const shard = shardOf.get(name);
    if (shard === undefined) throw new LlavaError('not-found', `${index}: has no tensor ${quoteName(name)}`);
    byShard.set(shard, [...(byShard.get(shard) ?? []), name]);
  }
  const read = new Map<string, StoredTensor>();
  for (const [shard, wanted] of byShard) {
    for (const [name, tensor] of await readSafetensors(shard, { names: wanted })) read.set(name, tensor);
  }
  return new Map(names.map((name) => [name, read.get(name) as StoredTensor]));
}

/** The shard file of every tensor. A shard must lie beside its index: no path in it may lead elsewhere. */
async function readIndex(index: string): Promise<Map<string, string>> {
  const value = await readJson(index);
  const map = typeof value === 'object' && value !== null && 'weight_map' in value ? value.weight_map : undefined;
  if (typeof map !== 'object' || map === null) {
    throw new LlavaError('bad-input', `${index}: expected an object weight_map from tensor names to files`);
  }
  const shards = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || shard !== basename(shard) || !shard.endsWith('.safetensors')) {
      throw new LlavaError(
        'bad-input',
        `${index}: tensor ${quoteName(name)}: expected the name of a .safetensors file beside it`,
      );
    }
    shards.set(name, join(dirname(index), shard));
  }
  return shards;
}
