import { LlavaError } from '@llava-ts/telemetry';

/** Linear layers with GELU between them, patch by patch: none (the decoder is as wide as the encoder), one (LLaVA) or several (LLaVA-1.5: two). */
export type LinearProjectorConfig =
  { readonly kind: 'identity' } | { readonly kind: 'linear' } | { readonly kind: 'mlp'; readonly layers: number };

/** Flamingo's perceiver resampler at the decoder's width, as TinyLLaVA has it: learned latents read the features. */
export interface ResamplerConfig {
  readonly kind: 'resampler';
  /** Visual tokens per image. */
  readonly latents: number;
  readonly depth: number;
  readonly heads: number;
  readonly headDim: number;
  /** Width inside the feed-forward layer, in widths of the decoder. */
  readonly ffMult: number;
}

/** BLIP-2's Q-Former: a BERT of learned queries that looks at the features in every second block. */
export interface QFormerConfig {
  readonly kind: 'qformer';
  /** Visual tokens per image. */
  readonly queries: number;
  readonly depth: number;
  readonly hidden: number;
  readonly heads: number;
  /** Width inside the feed-forward layer. */
  readonly inner: number;
}

/** What stands between encoder and decoder. */
export type ProjectorConfig = LinearProjectorConfig | ResamplerConfig | QFormerConfig;

/** Flamingo's resampler: 64 latents, 6 layers. */
export const FLAMINGO_RESAMPLER: ResamplerConfig = {
  kind: 'resampler',
  latents: 64,
  depth: 6,
  heads: 8,
  headDim: 64,
  ffMult: 4,
};

/** BLIP-2's Q-Former: 32 queries in a BERT-base. */
export const BLIP2_QFORMER: QFormerConfig = {
  kind: 'qformer',
  queries: 32,
  depth: 12,
  hidden: 768,
  heads: 12,
  inner: 3072,
};

/** Width of a patch feature and of a token embedding. */
export interface ProjectorSizes {
  readonly input: number;
  readonly output: number;
}

/** How many visual tokens a projector makes of one image's features. */
export function projectorTokens(config: ProjectorConfig, features: number): number {
  if (config.kind === 'resampler') return config.latents;
  return config.kind === 'qformer' ? config.queries : features;
}

/** How many linear layers a projector of linear layers has. */
export function projectorLayers(config: LinearProjectorConfig): number {
  return config.kind === 'mlp' ? config.layers : Number(config.kind === 'linear');
}

/**
 * Reads LLaVA's `mm_projector_type` of linear layers: `identity`, `linear`, or `mlp2x_gelu` and its like.
 * @throws LlavaError `bad-input` for any other
 */
export function projectorFromType(type: string): LinearProjectorConfig {
  if (type === 'identity' || type === 'linear') return { kind: type };
  const layers = Number(/^mlp(\d+)x_gelu$/.exec(type)?.[1] ?? 0);
  if (layers > 0) return { kind: 'mlp', layers };
  throw new LlavaError(
    'bad-input',
    `Projector type '${type}' is not supported; expected identity, linear, mlp<N>x_gelu, resampler or qformer.`,
  );
}

/** The `mm_projector_type` of a projector: LLaVA's, or `resampler` and `qformer`. */
export function projectorType(config: ProjectorConfig): string {
  return config.kind === 'mlp' ? `mlp${config.layers}x_gelu` : config.kind;
}
