import { projectorLayers } from './config.js';
import type { ProjectorConfig } from './config.js';

/** Hugging Face's name of every parameter, by our path: `multi_modal_projector.linear_1`, `linear_2` and so on. */
export function projectorNames(config: ProjectorConfig): Map<string, string> {
  return names(config, (layer) => `multi_modal_projector.linear_${layer + 1}`);
}

/** LLaVA's own name of every parameter, by our path: the positions in a `Sequential`, where GELUs count too. */
export function originalProjectorNames(config: ProjectorConfig): Map<string, string> {
  return names(config, (layer) =>
    config.kind === 'linear' ? 'model.mm_projector' : `model.mm_projector.${2 * layer}`,
  );
}

function names(config: ProjectorConfig, nameOf: (layer: number) => string): Map<string, string> {
  const layers = Array.from({ length: projectorLayers(config) }, (_, layer) => layer);
  return new Map(
    layers.flatMap((layer) =>
      ['weight', 'bias'].map((leaf): [string, string] => [`layers.${layer}.${leaf}`, `${nameOf(layer)}.${leaf}`]),
    ),
  );
}
