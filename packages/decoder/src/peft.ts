import { hfField } from '@llava-ts/checkpoint';
import type { HfConfig } from '@llava-ts/checkpoint';
import { flattenTree } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { DecoderConfig } from './config.js';
import { LORA_TARGETS, loraParameters } from './lora.js';
import type { LoraConfig, LoraTarget } from './lora.js';

/** The model that an adapter is for: peft's names begin differently for a Llama alone and for the Llama in a LLaVA. */
export type AdaptedModel = 'llama' | 'llava';

/** Hugging Face's modules of our linears. */
const MODULES: Readonly<Record<LoraTarget, string>> = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  output: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

const PREFIXES: Readonly<Record<AdaptedModel, string>> = {
  llama: 'base_model.model.model.',
  llava: 'base_model.model.model.language_model.', // transformers from 4.52
};

/** All prefixes that peft has written for these models, and none. */
const ANY_PREFIX = /^(base_model\.model\.)?(model\.)?(language_model\.)?(model\.)?(?=layers\.)/;

/** peft's name of every tensor of an adapter, by our path. */
export function peftNames(config: DecoderConfig, lora: LoraConfig, model: AdaptedModel): Map<string, string> {
  return new Map(
    [...flattenTree(loraParameters(config, lora)).keys()].map((path) => [path, `${PREFIXES[model]}${bareName(path)}`]),
  );
}

/** A stored name without what depends on the model around the decoder. */
export function barePeftName(stored: string): string {
  return stored.replace(ANY_PREFIX, '').replace(/\.(lora_[AB])\.default\./, '.$1.');
}

/** `blocks.3.query.down` to `layers.3.self_attn.q_proj.lora_A.weight`. */
export function bareName(path: string): string {
  const [, layer, target, part] = path.split('.');
  return `layers.${layer}.${MODULES[target as LoraTarget]}.lora_${part === 'down' ? 'A' : 'B'}.weight`;
}

/** peft's `adapter_config.json` of an adapter. */
export function loraToPeft(lora: LoraConfig, model: AdaptedModel): Record<string, unknown> {
  const modules = LORA_TARGETS.filter((target) => lora.targets.includes(target)).map((target) => shortName(target));
  // The encoder of a LLaVA has q_proj and its like too: a pattern keeps peft away from them.
  const targetModules = model === 'llama' ? modules : `.*language_model.*\\.(${modules.join('|')})`;
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: null,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    target_modules: targetModules,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    use_dora: false,
    use_rslora: false,
    modules_to_save: null,
  };
}

/**
 * Reads an `adapter_config.json`.
 * @param names of all tensors in the file: what is adapted when the configuration gives a pattern
 * @throws LlavaError `bad-input` when it asks for something that is not computed here, all of it in one message
 */
export function loraFromPeft(json: HfConfig, names: Iterable<string>): LoraConfig {
  const problems = unsupported(json);
  const modules = json['target_modules'];
  const listed = Array.isArray(modules) ? modules.map((module) => String(module).split('.').at(-1)) : null;
  const found = new Set(Array.from(names, (name) => /\.(\w+)\.lora_[AB]\b/.exec(name)?.[1]));
  const wanted = new Set(listed ?? found);
  const targets = LORA_TARGETS.filter((target) => wanted.has(shortName(target)));
  const known = new Set<string | undefined>(targets.map(shortName));
  const foreign = [...wanted].filter((module) => !known.has(module));
  if (foreign.length > 0) problems.push(`target_modules ${foreign.join(', ')} (known: ${knownModules()})`);
  if (problems.length > 0)
    throw new LlavaError('bad-input', `adapter_config.json: not supported: ${problems.join('; ')}.`);
  if (targets.length === 0)
    throw new LlavaError('bad-input', `adapter_config.json: no target module; expected some of ${knownModules()}.`);
  const rank = hfField(json, 'r', 8);
  const alpha = hfField(json, 'lora_alpha', 8);
  const stabilised = hfField(json, 'use_rslora', false); // alpha / sqrt(rank) instead of alpha / rank
  return {
    rank,
    alpha: stabilised ? alpha * Math.sqrt(rank) : alpha,
    dropout: hfField(json, 'lora_dropout', 0),
    targets,
  };
}

function unsupported(json: HfConfig): string[] {
  const wrong: string[] = [];
  const kind = json['peft_type'] ?? 'LORA';
  if (kind !== 'LORA') wrong.push(`peft_type ${JSON.stringify(kind)} (expected LORA)`);
  if ((json['bias'] ?? 'none') !== 'none') wrong.push(`bias ${JSON.stringify(json['bias'])} (expected none)`);
  for (const key of ['use_dora', 'fan_in_fan_out', 'use_qalora', 'lora_bias', 'use_bdlora'])
    if (json[key] === true) wrong.push(`${key} true`);
  for (const key of ['rank_pattern', 'alpha_pattern', 'modules_to_save', 'layer_replication', 'target_parameters']) {
    const value = json[key];
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0)
      wrong.push(`${key} ${JSON.stringify(value)}`);
  }
  return wrong;
}

function shortName(target: LoraTarget): string {
  return MODULES[target].split('.')[1] ?? '';
}

function knownModules(): string {
  return LORA_TARGETS.map(shortName).join(', ');
}
