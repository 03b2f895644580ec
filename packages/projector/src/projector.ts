import { axes, gelu, linear } from '@llava-ts/engine';
import type { LinearParameters, ParameterSpec } from '@llava-ts/engine';
import { LlavaError } from '@llava-ts/telemetry';
import type { Tensor } from '@tensorflow/tfjs-core';
import { projectorLayers } from './config.js';
import type { LinearProjectorConfig, ProjectorConfig, ProjectorSizes } from './config.js';
import { freshLinear } from './fresh.js';
import { qformer, qformerParameters } from './qformer.js';
import type { QFormerParameters } from './qformer.js';
import { resampler, resamplerParameters } from './resampler.js';
import type { ResamplerParameters } from './resampler.js';

/** The linear layers, first to last; weights `[out, in]`, biases `[out]`. */
export interface LinearProjectorParameters<L = Tensor> {
  layers: LinearParameters<L>[];
}

/** The parameters of a projector, by its kind. */
export type ProjectorParameters<L = Tensor> =
  LinearProjectorParameters<L> | ResamplerParameters<L> | QFormerParameters<L>;

/**
 * Shapes and initial values (the variance of PyTorch's `nn.Linear`).
 * @throws LlavaError `mismatch` when an identity is to change the width
 */
export function projectorParameters(
  config: ProjectorConfig,
  sizes: ProjectorSizes,
): ProjectorParameters<ParameterSpec> {
  if (config.kind === 'resampler') return resamplerParameters(config, sizes);
  if (config.kind === 'qformer') return qformerParameters(config, sizes);
  return linearParameters(config, sizes);
}

/**
 * Features to visual tokens.
 * @param features `[images, patches, visionHidden]`
 * @returns `[images, tokens, hidden]`; see `projectorTokens` for how many
 */
export function projector(p: ProjectorParameters, features: Tensor, config: ProjectorConfig): Tensor {
  if (config.kind === 'resampler') return resampler(p as ResamplerParameters, features, config);
  if (config.kind === 'qformer') return qformer(p as QFormerParameters, features, config);
  return linearLayers(p as LinearProjectorParameters, features);
}

/** The first layer changes the width, the others keep it. */
function linearParameters(
  config: LinearProjectorConfig,
  { input, output }: ProjectorSizes,
): LinearProjectorParameters<ParameterSpec> {
  if (config.kind === 'identity' && input !== output) {
    throw new LlavaError(
      'mismatch',
      `Projector 'identity' needs an encoder as wide as the decoder, got ${input} and ${output}; choose linear.`,
    );
  }
  const layer = (_: unknown, index: number) => freshLinear(index === 0 ? input : output, output);
  return { layers: Array.from({ length: projectorLayers(config) }, layer) };
}

/** Linear layers with the exact GELU between them. Reference: LLaVA, `multimodal_projector/builder.py`. */
function linearLayers(p: LinearProjectorParameters, features: Tensor): Tensor {
  axes(features, 'images patches visionHidden');
  return p.layers.reduce((x, layer, index) => linear(layer, index === 0 ? x : gelu(x)), features);
}
