import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { digestWeights, fileError, hfField, listSnapshots, listWeights, readJson } from '@llava-ts/checkpoint';
import type { HfConfig, WeightEntry } from '@llava-ts/checkpoint';
import { decoderFromHf } from '@llava-ts/decoder';
import {
  imageTokens,
  isOriginalConfig,
  loadProjector,
  normaliseLlavaName,
  openLlava,
  PROJECTOR_FILES,
} from '@llava-ts/llava';
import type { FindTower } from '@llava-ts/llava';
import { projectorType } from '@llava-ts/projector';
import { errorLine, LlavaError } from '@llava-ts/telemetry';
import { visionFromHf } from '@llava-ts/vision-encoder';

import { describeDecoder, describeProjector, describeVision } from './describe-parts.js';
import type { Inspection } from './inspection.js';
import { llavaPart, partSizes } from './part-sizes.js';

/** What an inspection may take time for, and where it looks. */
export interface InspectOptions {
  readonly digest: boolean;
  readonly findTower: FindTower;
  readonly onElements?: (elements: { readonly done: number; readonly total: number }) => void;
}

type Facts = Omit<Inspection, 'path' | 'parameters' | 'bytes' | 'digest'> & { readonly weights: string };

/**
 * Looks at a model folder in any layout that can be read, an adapter, a projector file, a snapshot or a run. Weights are
 * counted from the headers of their files; only the digest reads them.
 * @throws LlavaError `not-found` for a path that holds nothing that is known, `corrupt`
 */
export async function inspectModel(path: string, options: InspectOptions): Promise<Inspection> {
  const { weights, ...facts } = await look(path, options);
  const parameters = facts.parts.reduce((sum, part) => sum + part.parameters, 0);
  const bytes = facts.parts.reduce((sum, part) => sum + part.bytes, 0);
  const digest = options.digest ? await digestWeights(weights, options.onElements) : null;
  return { path, ...facts, parameters, bytes, digest };
}

async function look(path: string, options: InspectOptions): Promise<Facts> {
  const has = (name: string): boolean => existsSync(join(path, name));
  if (!existsSync(path)) throw new LlavaError('not-found', `${path}: no such file or folder`);
  if (!statSync(path).isDirectory()) return lookAtFile(path);
  if (has('snapshots')) return look(await newestOf(path), options);
  if (has('manifest.json') && has('state.json')) return lookAtSnapshot(path);
  if (has('adapter_config.json')) return lookAtAdapter(path);
  const projector = PROJECTOR_FILES.find(has);
  const json = has('config.json') ? ((await readJson(join(path, 'config.json'))) as HfConfig) : null;
  if (projector !== undefined && json?.['vocab_size'] === undefined) return lookAtFile(join(path, projector));
  if (json !== null) return lookAtModel(path, json, options);
  throw new LlavaError(
    'not-found',
    `${path}: holds no model; expected config.json, adapter_config.json, ${PROJECTOR_FILES.join(' or ')}, a snapshot or a run`,
  );
}

/** A run's exported model, or its newest snapshot while there is none. */
async function newestOf(run: string): Promise<string> {
  if (existsSync(join(run, 'model', 'config.json'))) return join(run, 'model');
  const [newest] = await listSnapshots(join(run, 'snapshots'));
  if (newest !== undefined) return join(run, 'snapshots', newest.name);
  throw new LlavaError('not-found', `${run}: the run has neither a model nor a snapshot yet`);
}

async function lookAtModel(path: string, json: HfConfig, options: InspectOptions): Promise<Facts> {
  const stored = await listWeights(path);
  const type = json['model_type'];
  if (type === 'llava' || type === 'llava_ts' || isOriginalConfig(json))
    return lookAtLlava(path, { json, stored }, options);
  const architecture = `${String((json['architectures'] as unknown[] | undefined)?.[0] ?? type)} of transformers`;
  const whole = { architecture, weights: path, problem: null };
  if (['clip', 'clip_vision_model', 'siglip', 'siglip_vision_model'].includes(String(type))) {
    const part = (name: string): string =>
      /^(vision_model\.|embeddings|pre_layr|encoder|post_layer)/.test(name) ? 'vision' : 'text';
    return {
      ...whole,
      kind: 'vision encoder',
      facts: { vision: describeVision(visionFromHf(json)) },
      parts: partSizes(stored, part),
    };
  }
  const isBuffer = (name: string): boolean => name.endsWith('rotary_emb.inv_freq');
  const parts = partSizes(stored, (name) => (isBuffer(name) ? null : 'decoder'));
  return {
    ...whole,
    kind: 'decoder',
    facts: { decoder: describeDecoder(decoderFromHf(json)), ...formatFacts(json) },
    parts,
  };
}

async function lookAtLlava(
  path: string,
  { json, stored }: { json: HfConfig; stored: ReadonlyMap<string, WeightEntry> },
  { findTower }: InspectOptions,
): Promise<Facts> {
  const original = isOriginalConfig(json);
  const architecture = original
    ? "LlavaLlamaForCausalLM, LLaVA's own layout"
    : json['model_type'] === 'llava_ts'
      ? "transformers' layout, with a projector that transformers does not have"
      : 'LlavaForConditionalGeneration of transformers';
  const parts = partSizes(stored, (name) => llavaPart(normaliseLlavaName(name)));
  const whole = { kind: 'llava', architecture, parts, weights: path } as const;
  const tower = original ? { tower: String(json['mm_vision_tower']) } : {};
  try {
    const opened = await openLlava(path, { findTower });
    await opened.close();
    const { config } = opened;
    const facts = {
      vision: describeVision(config.vision),
      projector: describeProjector(config),
      decoder: describeDecoder(config.decoder),
      'image tokens': `${imageTokens(config)} per picture, token ${config.imageTokenId}`,
      ...tower,
      ...formatFacts(json),
    };
    return { ...whole, facts, problem: null };
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    return { ...whole, facts: { ...tower, ...formatFacts(json) }, problem: errorLine(error) };
  }
}

/** How a model wants to be asked, where its configuration says. */
function formatFacts(json: HfConfig): Record<string, string> {
  const rows = { template: 'conversation_template', 'image mode': 'image_aspect_ratio', 'trained as': 'torch_dtype' };
  return Object.fromEntries(
    Object.entries(rows).flatMap(([row, key]) => (typeof json[key] === 'string' ? [[row, json[key]]] : [])),
  );
}

async function lookAtAdapter(path: string): Promise<Facts> {
  const json = (await readJson(join(path, 'adapter_config.json'))) as HfConfig;
  const file = ['adapter_model.safetensors', 'adapter_model.bin'].find((name) => existsSync(join(path, name)));
  if (file === undefined)
    throw new LlavaError('not-found', `${path}: has adapter_config.json, but no adapter_model.safetensors`);
  const { target_modules: targets, base_model_name_or_path: base } = json;
  const [rank, alpha, dropout] = ['r', 'lora_alpha', 'lora_dropout'].map((key) => hfField(json, key, 0));
  const facts = {
    lora: `rank ${rank}, alpha ${alpha}, dropout ${dropout}`,
    targets: Array.isArray(targets) ? targets.join(', ') : String(targets),
    ...(typeof base === 'string' && base !== '' && { base }),
  };
  const weights = join(path, file);
  const parts = partSizes(await listWeights(weights), (name) => (/lora_[AB]/.test(name) ? 'lora' : 'other'));
  return {
    kind: 'adapter',
    architecture: `${hfField(json, 'peft_type', 'LORA')} adapter of peft`,
    facts,
    parts,
    weights,
    problem: null,
  };
}

async function lookAtFile(file: string): Promise<Facts> {
  const stored = await listWeights(file);
  const architecture = `weights alone, ${basename(file)}`;
  if (![...stored.keys()].some((name) => /(^|\.)(mm_projector|multi_modal_projector)\./.test(name))) {
    const parts = partSizes(stored, () => 'tensors');
    return {
      kind: 'llava',
      architecture,
      facts: {},
      parts,
      weights: file,
      problem: `${file}: no configuration beside it; inspect its folder`,
    };
  }
  const parts = partSizes(stored, (name) => llavaPart(normaliseLlavaName(name)) ?? 'other');
  try {
    const { config, sizes } = await loadProjector(file);
    const facts = { projector: `${projectorType(config)}, ${sizes.input} to ${sizes.output}` };
    return { kind: 'projector', architecture, facts, parts, weights: file, problem: null };
  } catch (error) {
    if (!(error instanceof LlavaError)) throw error;
    return { kind: 'projector', architecture, facts: {}, parts, weights: file, problem: errorLine(error) };
  }
}

/** The parts of a snapshot's state that say where the run was. */
interface SnapshotState {
  readonly position?: { readonly stage: number; readonly step: number };
  readonly config?: { readonly preset?: string; readonly stages?: readonly { readonly name: string }[] };
}

async function lookAtSnapshot(path: string): Promise<Facts> {
  const state = (await readJson(join(path, 'state.json')).catch((error: unknown) => {
    throw fileError(error, path, 'read its state');
  })) as SnapshotState;
  const weights = join(path, 'parameters.safetensors');
  const parts = partSizes(await listWeights(weights), (name) => name.split('.')[0] ?? 'other');
  const { position, config } = state;
  const stage = config?.stages?.[position?.stage ?? -1]?.name;
  const facts = {
    run: dirname(dirname(path)),
    preset: config?.preset ?? 'unknown',
    position: stage === undefined ? 'after the last stage' : `stage ${stage}, step ${position?.step ?? 0}`,
  };
  return {
    kind: 'snapshot',
    architecture: `snapshot ${basename(path)}: what has been learnt so far`,
    facts,
    parts,
    weights,
    problem: null,
  };
}
