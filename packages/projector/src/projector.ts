import { axes, gelu, linear } from '@llava-ts/engine';
import type { LinearParameters, ParameterSpec } from '@llava-ts/engine';
import type { Tensor } from '@tensorflow/tfjs-core';
import { projectorLayers } from './config.js';
import type { ProjectorConfig, ProjectorSizes } from './config.js';

/** The linear layers, first to last; weights `[out, in]`, biases `[out]`. */
export interface ProjectorParameters<L = Tensor> {
  layers: LinearParameters<L>[];
}

/** Shapes and initial values (the variance of PyTorch's `nn.Linear`): the first layer changes the width, the others keep it. */
export function projectorParameters(
  config: ProjectorConfig,
  { input, output }: ProjectorSizes,
): ProjectorParameters<ParameterSpec> {
  const layer = (_: unknown, index: number): LinearParameters<ParameterSpec> => {
    const width = index === 0 ? input : output;
    return {
      weight: { shape: [output, width], init: { normal: (3 * width) ** -0.5 } },
      bias: { shape: [output], init: 'zeros' },
    };
  };
  return { layers: Array.from({ length: projectorLayers(config) }, layer) };
}

/**
 * Patch features to visual tokens: linear layers with the exact GELU between them.
 * Reference: LLaVA, `multimodal_projector/builder.py`.
 * @param features `[images, patches, visionHidden]`
 * @returns `[images, patches, hidden]`
 */
export function projector(p: ProjectorParameters, features: Tensor): Tensor {
  axes(features, 'images patches visionHidden');
  return p.layers.reduce((x, layer, index) => linear(layer, index === 0 ? x : gelu(x)), features);
}
