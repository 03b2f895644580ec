import { LlavaError } from '@llava-ts/telemetry';

/** What stands between encoder and decoder: one linear layer (LLaVA), or linear layers with GELU between them (LLaVA-1.5: two). */
export type ProjectorConfig = { readonly kind: 'linear' } | { readonly kind: 'mlp'; readonly layers: number };

/** Width of a patch feature and of a token embedding. */
export interface ProjectorSizes {
  readonly input: number;
  readonly output: number;
}

/** How many linear layers a projector has. */
export function projectorLayers(config: ProjectorConfig): number {
  return config.kind === 'linear' ? 1 : config.layers;
}

/**
 * Reads LLaVA's `mm_projector_type`: `linear`, or `mlp2x_gelu` and its like.
 * @throws LlavaError `bad-input` for any other
 */
export function projectorFromType(type: string): ProjectorConfig {
  if (type === 'linear') return { kind: 'linear' };
  const layers = Number(/^mlp(\d+)x_gelu$/.exec(type)?.[1] ?? 0);
  if (layers > 0) return { kind: 'mlp', layers };
  throw new LlavaError('bad-input', `Projector type '${type}' is not supported; expected linear or mlp<N>x_gelu.`);
}

/** LLaVA's `mm_projector_type` of a projector. */
export function projectorType(config: ProjectorConfig): string {
  return config.kind === 'linear' ? 'linear' : `mlp${config.layers}x_gelu`;
}
