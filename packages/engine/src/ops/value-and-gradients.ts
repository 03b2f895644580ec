import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Scalar, Tensor } from '@tensorflow/tfjs-core';

/** What a loss function returns: the scalar that is differentiated, and whatever else should come out. */
export interface LossOutputs {
  readonly loss: Tensor;
  readonly [name: string]: Tensor;
}

/**
 * Runs a function and differentiates its `loss` by named tensors. Works eagerly and while recording.
 * @param fn closes over the tensors of `parameters`
 * @returns every output of `fn`, and a gradient of the parameter's shape for each (zeros where the loss does not depend on it)
 */
export function valueAndGradients<O extends LossOutputs>(
  fn: () => O,
  parameters: ReadonlyMap<string, Tensor>,
): { outputs: O; gradients: Map<string, Tensor> } {
  const others: NamedTensorMap = {};
  const { value, grads } = tf.engine().gradients(
    () => {
      const { loss, ...rest } = fn();
      for (const [name, tensor] of Object.entries(rest)) others[name] = tf.keep(tensor as Tensor);
      return loss as Scalar;
    },
    [...parameters.values()],
    undefined,
    true,
  );
  for (const tensor of Object.values(others)) release(tensor);
  const gradients = new Map<string, Tensor>();
  [...parameters].forEach(([path, parameter], index) => gradients.set(path, grads[index] ?? tf.zerosLike(parameter)));
  return { outputs: { ...others, loss: value } as unknown as O, gradients };
}

/** Gives a kept tensor back to the surrounding scope, which disposes it as any other. */
function release(tensor: Tensor): void {
  (tensor as { kept: boolean }).kept = false;
  (tf.engine() as unknown as { track(tensor: Tensor): Tensor }).track(tensor); // private in the typings
}
