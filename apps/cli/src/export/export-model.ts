import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { fileError, joinShards, listWeights, readSnapshot } from '@llava-ts/checkpoint';
import { loadTensorflow } from '@llava-ts/engine';
import { checkTransformersLayout, openLlava, saveLlava, saveOriginalLlava, saveProjector } from '@llava-ts/llava';
import type { FindTower, LlavaExtras, OpenLlava, WeightDtype, WeightSource } from '@llava-ts/llava';
import { parseConfig } from '@llava-ts/recipes';
import { LlavaError } from '@llava-ts/telemetry';
import type { ProgressListener } from '@llava-ts/telemetry';
import { exportModel, readSnapshotConfig } from '@llava-ts/trainer';

/** Layouts that are written. */
export type ExportLayout = 'hf' | 'original' | 'projector';

/** What to export, and how. */
export interface ExportOptions {
  /** A model folder in any layout, or a run. */
  readonly model: string;
  readonly to: ExportLayout;
  /** The folder to make. */
  readonly out: string;
  /** By default the type that the weights have. */
  readonly dtype?: keyof typeof DTYPES;
  readonly maxShardBytes: number;
  readonly findTower: FindTower;
  readonly onProgress: ProgressListener;
  readonly signal: AbortSignal;
}

/** What was written. */
export interface ExportedModel {
  readonly folder: string;
  readonly layout: ExportLayout;
  readonly dtype: WeightDtype;
  readonly files: readonly string[];
}

const DTYPES = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

/** What travels with a model: tokenizer, preprocessing, and how it wants to be asked. */
const COMPANIONS = [
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'preprocessor_config.json',
  'chat_template.json',
  'chat_template.jinja',
  'LICENSE',
];

/** Keys of `config.json` that say how a model wants to be asked. */
const FORMAT_KEYS = ['conversation_template', 'image_aspect_ratio'];

/**
 * Writes a model in another layout, one tensor at a time, into a folder that appears when it is whole.
 * @throws LlavaError `refused` when the folder exists; `cancelled`; what reading and writing models throws
 */
export async function exportTo(options: ExportOptions): Promise<ExportedModel> {
  const { out } = options;
  if (existsSync(out) && (await readdir(out)).length > 0)
    throw new LlavaError(
      'refused',
      `${out}: is not empty, and is not written into; remove it, or name another folder with --out`,
    );
  const temporary = join(dirname(out), `.${basename(out)}.${process.pid}.tmp`);
  try {
    const model = await modelFolder(options.model, join(temporary, 'run'));
    const folder = join(temporary, 'model');
    const dtype = await write(model, folder, options);
    await rm(out, { recursive: true, force: true }); // an empty one
    await rename(folder, out);
    return { folder: out, layout: options.to, dtype, files: (await readdir(out)).sort() };
  } catch (error) {
    throw fileError(error, out, 'export the model');
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The folder of a model: itself, that of a run, or one made of a run's newest snapshot. */
async function modelFolder(model: string, made: string): Promise<string> {
  if (!existsSync(join(model, 'snapshots'))) return model;
  if (existsSync(join(model, 'model', 'config.json'))) return join(model, 'model');
  const snapshots = join(model, 'snapshots');
  const config = parseConfig(await readSnapshotConfig(snapshots), snapshots);
  const tensors = joinShards(await readSnapshot(snapshots, 'latest'));
  const learnt = [...(tensors['parameters'] ?? [])].flatMap(([path, { data }]) =>
    data instanceof Float32Array ? [[path, data] as const] : [],
  );
  await mkdir(made, { recursive: true });
  if (config.model.lora !== undefined) await loadTensorflow(); // folds the adapter
  await exportModel(made, config, new Map(learnt));
  return made;
}

async function write(model: string, folder: string, options: ExportOptions): Promise<WeightDtype> {
  const opened = await openLlava(model, { findTower: options.findTower });
  try {
    const dtype = options.dtype === undefined ? await storedDtype(model) : DTYPES[options.dtype];
    const weights = deferred(opened, options);
    const { config } = opened;
    if (options.to === 'hf') checkTransformersLayout(config);
    if (options.to === 'projector') await saveProjector(folder, config, weights, { dtype });
    else if (options.to === 'hf') await saveLlava(folder, config, weights, extras(model, opened, { dtype, options }));
    else await saveOriginalLlava(folder, config, weights, extras(model, opened, { dtype, options }));
    return dtype;
  } finally {
    await opened.close();
  }
}

/** Parameters that are read when their turn to be written comes, with progress. */
function deferred({ paths, read }: OpenLlava, { onProgress, signal, model, to }: ExportOptions): WeightSource {
  const total = to === 'projector' ? paths.filter((path) => path.startsWith('projector.')).length : paths.length;
  let done = 0;
  return new Map(
    paths.map((path) => [
      path,
      async () => {
        if (signal.aborted) throw new LlavaError('cancelled', `${model}: the export was stopped, nothing was written`);
        const values = await read(path);
        onProgress({ task: `export ${to}`, done: ++done, total, unit: 'tensors' });
        return values;
      },
    ]),
  );
}

function extras(
  model: string,
  { hfConfig, tokens }: OpenLlava,
  { dtype, options }: { dtype: WeightDtype; options: ExportOptions },
): LlavaExtras {
  return {
    dtype,
    tokens,
    maxShardBytes: options.maxShardBytes,
    files: COMPANIONS.map((name) => join(model, name)).filter((file) => existsSync(file)),
    config: Object.fromEntries(FORMAT_KEYS.flatMap((key) => (key in hfConfig ? [[key, hfConfig[key]]] : []))),
  };
}

/** The type that most tensors of a model have, F32 for one that is not written. */
async function storedDtype(model: string): Promise<WeightDtype> {
  const counts = new Map<string, number>();
  for (const { dtype } of (await listWeights(model)).values()) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  return most === 'F16' || most === 'BF16' ? most : 'F32';
}
