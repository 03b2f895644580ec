import { LlavaError } from '@llava-ts/telemetry';
import { BLIP2_QFORMER, FLAMINGO_RESAMPLER, projectorFromType, projectorType } from './config.js';
import type { ProjectorConfig, QFormerConfig, ResamplerConfig } from './config.js';

/** A `config.json`. */
type Json = Readonly<Record<string, unknown>>;

/** Our fields of a resampler and its keys: LLaVA-NeXT's, and two of our own for what its code fixes. */
const RESAMPLER_KEYS = {
  latents: 'mm_perceiver_latents',
  depth: 'mm_perceiver_depth',
  heads: 'mm_perceiver_heads',
  headDim: 'mm_perceiver_head_dim',
  ffMult: 'mm_perceiver_ff_mult',
} as const;

/** Our fields of a Q-Former and its keys in BLIP-2's `qformer_config`. */
const QFORMER_KEYS = {
  depth: 'num_hidden_layers',
  hidden: 'hidden_size',
  heads: 'num_attention_heads',
  inner: 'intermediate_size',
} as const;

/**
 * Reads a projector from the keys of a `config.json`, written by {@link projectorToHf} or by LLaVA.
 * @param standard the type where `mm_projector_type` is absent
 * @throws LlavaError `bad-input` for a kind or a value that is not supported
 */
export function projectorFromHf(json: Json, standard = 'mlp2x_gelu'): ProjectorConfig {
  const type = json['mm_projector_type'] ?? standard;
  if (type === 'resampler') {
    return { kind: 'resampler', ...readSizes<keyof typeof RESAMPLER_KEYS>(json, RESAMPLER_KEYS, FLAMINGO_RESAMPLER) };
  }
  if (type !== 'qformer') return projectorFromType(typeof type === 'string' ? type : JSON.stringify(type));
  const qformer = (json['qformer_config'] ?? {}) as Json;
  const every = qformer['cross_attention_frequency'] ?? 2;
  if (every !== 2)
    throw new LlavaError(
      'bad-input',
      `config.json: 'cross_attention_frequency' is ${JSON.stringify(every)}; only 2 is supported here.`,
    );
  const queries = readSizes<'queries'>(json, { queries: 'num_query_tokens' }, BLIP2_QFORMER);
  return { kind: 'qformer', ...queries, ...readSizes<keyof typeof QFORMER_KEYS>(qformer, QFORMER_KEYS, BLIP2_QFORMER) };
}

/** The keys of `config.json` that say which projector a model has. */
export function projectorToHf(config: ProjectorConfig): Record<string, unknown> {
  const type = { mm_projector_type: projectorType(config) };
  if (config.kind === 'resampler') return { ...type, ...writeSizes(config, RESAMPLER_KEYS) };
  if (config.kind !== 'qformer') return type;
  return {
    ...type,
    num_query_tokens: config.queries,
    qformer_config: {
      model_type: 'blip_2_qformer',
      ...writeSizes(config, QFORMER_KEYS),
      cross_attention_frequency: 2,
    },
  };
}

function readSizes<K extends string>(
  json: Json,
  keys: Readonly<Record<K, string>>,
  standard: Readonly<Record<K, number>>,
): Record<K, number> {
  const entries = Object.entries(keys) as [K, string][];
  return Object.fromEntries(
    entries.map(([field, key]) => {
      const value = json[key] ?? standard[field];
      if (Number.isInteger(value) && Number(value) > 0) return [field, value];
      throw new LlavaError(
        'bad-input',
        `config.json: '${key}' is ${JSON.stringify(value)}; expected a whole number from 1.`,
      );
    }),
  ) as Record<K, number>;
}

function writeSizes(
  config: ResamplerConfig | QFormerConfig,
  keys: Readonly<Record<string, string>>,
): Record<string, number> {
  const values = config as unknown as Readonly<Record<string, number>>;
  return Object.fromEntries(Object.entries(keys).map(([field, key]) => [key, values[field] ?? 0]));
}
