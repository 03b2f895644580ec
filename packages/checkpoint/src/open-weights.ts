import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { fileError } from './file-error.js';
import { readJson } from './read-json.js';
import { openSafetensors } from './read-safetensors.js';
import { quoteName } from './tensor.js';
import type { StoredTensor } from './tensor.js';
import { openTorch } from './torch/read-torch.js';

/** The names of a model folder's weight files, in the order in which they are looked for. */
export const SINGLE = 'model.safetensors';
export const INDEX = 'model.safetensors.index.json';
const TORCH_SINGLE = 'pytorch_model.bin';
const TORCH_INDEX = 'pytorch_model.bin.index.json';
const FOLDER_FILES = [INDEX, SINGLE, TORCH_INDEX, TORCH_SINGLE];

/** A tensor of a checkpoint, before it is read. */
export interface WeightEntry {
  /** As the file says; may be a type that cannot be read. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The weights of a checkpoint: all headers are read and checked, tensors are read one by one. */
export interface OpenWeights {
  readonly entries: ReadonlyMap<string, WeightEntry>;
  /** @throws LlavaError `not-found` for an unknown name, `bad-input` for a dtype that is not supported, `corrupt` */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/** Which tensors of a checkpoint will be read. */
export interface OpenWeightsOptions {
  /** Only these; shards that hold none of them are not opened. By default all. */
  readonly names?: Iterable<string>;
}

/**
 * Opens the weights of a checkpoint: a Hugging Face model folder, or one of its files. safetensors and PyTorch's zip files
 * (`.bin`, `.pt`, `.pth`) are understood, single or in shards with an index; PyTorch's are read without executing anything.
 * @throws LlavaError `not-found`, `corrupt`, `bad-input`, naming file and tensor
 */
export async function openWeights(path: string, options: OpenWeightsOptions = {}): Promise<OpenWeights> {
  const file = await resolveWeights(path);
  return file.endsWith('.index.json') ? await openSharded(file, options) : await openFile(file);
}

/** The file that a path's weights are in, or their index. */
async function resolveWeights(path: string): Promise<string> {
  const target = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read its weights');
  });
  if (!target.isDirectory()) return path;
  for (const name of FOLDER_FILES) {
    const there = await stat(join(path, name)).then(
      () => true,
      () => false,
    );
    if (there) return join(path, name);
  }
  throw new LlavaError(
    'not-found',
    `${path}: has none of ${FOLDER_FILES.join(', ')}; expected a Hugging Face model folder`,
  );
}

function openFile(file: string): Promise<OpenWeights> {
  return /\.(bin|pt|pth)$/.test(file) ? openTorch(file) : openSafetensors(file);
}

async function openSharded(index: string, options: OpenWeightsOptions): Promise<OpenWeights> {
  const shardOf = await readIndex(index);
  const names = [...(options.names ?? shardOf.keys())];
  const shards = new Map<string, OpenWeights>();
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close();
  };
  const shardFile = (name: string): string => {
    const file = shardOf.get(name);
    if (file !== undefined) return file;
    throw new LlavaError('not-found', `${index}: has no tensor ${quoteName(name)}`);
  };
  try {
    for (const file of new Set(names.map(shardFile))) shards.set(file, await openFile(file));
    const entries = new Map(names.map((name) => [name, entryOf(shards, shardFile(name), name)]));
    return { entries, close, read: async (name) => (shards.get(shardFile(name)) ?? missing(index, name)).read(name) };
  } catch (error) {
    await close();
    throw error;
  }
}

function entryOf(shards: ReadonlyMap<string, OpenWeights>, file: string, name: string): WeightEntry {
  return shards.get(file)?.entries.get(name) ?? missing(file, name);
}

function missing(file: string, name: string): never {
  throw new LlavaError('not-found', `${file}: has no tensor ${quoteName(name)}`);
}

/** The shard file of every tensor. A shard must lie beside its index: no path in it may lead elsewhere. */
async function readIndex(index: string): Promise<Map<string, string>> {
  const value = await readJson(index);
  const map = typeof value === 'object' && value !== null && 'weight_map' in value ? value.weight_map : undefined;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new LlavaError('bad-input', `${index}: expected an object weight_map from tensor names to files`);
  }
  const extension = index.endsWith(TORCH_INDEX) ? '.bin' : '.safetensors';
  return new Map(Object.entries(map).map(([name, shard]) => [name, shardBeside(index, { name, shard, extension })]));
}

function shardBeside(index: string, entry: { name: string; shard: unknown; extension: string }): string {
  const { name, shard, extension } = entry;
  const isPlain = typeof shard === 'string' && shard === basename(shard) && !/[\\\0]/.test(shard);
  if (isPlain && shard.endsWith(extension)) return join(dirname(index), shard);
  const place = `${index}: tensor ${quoteName(name)}: ${quoteName(String(shard))}`;
  throw new LlavaError('bad-input', `${place} is not the name of a ${extension} file beside it`);
}
