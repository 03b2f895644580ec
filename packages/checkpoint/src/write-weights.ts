import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { LlavaError } from '@llava-ts/telemetry';

import { naturalDtype } from './elements.js';
import { INDEX, SINGLE } from './open-weights.js';
import { tensorBytes } from './tensor.js';
import type { DeferredTensor, WritableTensor } from './tensor.js';
import { writeAtomic } from './write-atomic.js';
import { writeSafetensors } from './write-safetensors.js';
import type { TensorsToWrite } from './write-safetensors.js';

/** How the weights of a model become files. */
export interface WriteWeightsOptions {
  /** Largest shard, in bytes of tensors; a tensor that is larger has a shard of its own. By default 5 GB, as transformers. */
  readonly maxShardBytes?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Called after every file. */
  readonly onFile?: (file: { readonly name: string; readonly bytes: number }) => void;
}

/** transformers' `max_shard_size`. */
const MAX_SHARD_BYTES = 5e9;

/** Shards of a checkpoint, as they are named here and elsewhere. */
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

/**
 * Writes the weights of a Hugging Face model folder: `model.safetensors`, or shards with `model.safetensors.index.json` when
 * they are larger than a shard may be. Each file is whole or not there, the index comes last, and what an earlier write of
 * another size left behind is removed then.
 * @returns the names of the weight files
 * @throws LlavaError `bad-input` when a shape and its data disagree, `no-space`, `refused`.
 */
export async function writeWeights(
  folder: string,
  tensors: TensorsToWrite,
  options: WriteWeightsOptions = {},
): Promise<string[]> {
  const { maxShardBytes = MAX_SHARD_BYTES, metadata = {}, onFile } = options;
  if (!(maxShardBytes > 0)) throw new LlavaError('bad-input', `shards of ${maxShardBytes} bytes: expected at least 1`);
  const shards = inShards(tensors, maxShardBytes);
  const names = shards.map((_, shard) => shardName(shard, shards.length));
  for (const [shard, name] of names.entries()) {
    const { bytes } = await writeSafetensors(join(folder, name), shards[shard] ?? new Map(), metadata);
    onFile?.({ name, bytes });
  }
  if (shards.length > 1) await writeAtomic(join(folder, INDEX), indexOf(shards, names));
  await removeStale(folder, new Set([...names, ...(shards.length > 1 ? [INDEX] : [])]));
  return names;
}

/** In order, as many to a shard as fit. */
function inShards(tensors: TensorsToWrite, maxShardBytes: number): Map<string, WritableTensor | DeferredTensor>[] {
  const shards: Map<string, WritableTensor | DeferredTensor>[] = [new Map<string, WritableTensor | DeferredTensor>()];
  let filled = 0;
  for (const [name, tensor] of tensors) {
    const bytes = bytesOf(tensor);
    if (filled > 0 && filled + bytes > maxShardBytes) {
      shards.push(new Map());
      filled = 0;
    }
    shards.at(-1)?.set(name, tensor);
    filled += bytes;
  }
  return shards;
}

function bytesOf(tensor: WritableTensor | DeferredTensor): number {
  const dtype = tensor.dtype ?? ('data' in tensor ? naturalDtype(tensor.data) : 'F32');
  return tensorBytes({ dtype, shape: tensor.shape });
}

function shardName(shard: number, shards: number): string {
  const count = (value: number): string => String(value).padStart(5, '0');
  return shards === 1 ? SINGLE : `model-${count(shard + 1)}-of-${count(shards)}.safetensors`;
}

function indexOf(shards: readonly TensorsToWrite[], names: readonly string[]): string {
  const all = shards.flatMap((shard, index) =>
    [...shard].map(([name, tensor]) => ({ name, tensor, file: names[index] })),
  );
  const index = {
    metadata: { total_size: all.reduce((sum, { tensor }) => sum + bytesOf(tensor), 0) },
    weight_map: Object.fromEntries(all.map(({ name, file }) => [name, file])),
  };
  return `${JSON.stringify(index, null, 2)}\n`;
}

async function removeStale(folder: string, kept: ReadonlySet<string>): Promise<void> {
  if (!kept.has(INDEX)) await rm(join(folder, INDEX), { force: true }); // first: it would win over a single file
  for (const name of await readdir(folder)) {
    const isWeights = name === SINGLE || SHARD.test(name);
    if (isWeights && !kept.has(name) && (await stat(join(folder, name))).isFile()) await rm(join(folder, name));
  }
}
