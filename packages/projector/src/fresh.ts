import type { LayerNormParameters, LinearParameters, ParameterSpec } from '@llava-ts/engine';

/** A linear layer with the variance of PyTorch's `nn.Linear` and a bias of zeros. */
export function freshLinear(input: number, output: number): Required<LinearParameters<ParameterSpec>> {
  return { ...freshMatrix(input, output), bias: { shape: [output], init: 'zeros' } };
}

/** A linear layer without a bias. */
export function freshMatrix(input: number, output: number): { readonly weight: ParameterSpec } {
  return { weight: { shape: [output, input], init: { normal: (3 * input) ** -0.5 } } };
}

/** A norm that changes nothing. */
export function freshNorm(hidden: number): LayerNormParameters<ParameterSpec> {
  return { weight: { shape: [hidden], init: 'ones' }, bias: { shape: [hidden], init: 'zeros' } };
}
