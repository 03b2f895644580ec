import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { flattenTree, unflattenTree } from '../tree.js';
import { activeRecorder } from '../graph/active-recorder.js';

/**
 * Gradient checkpointing of one block (Chen et al. 2016): the forward keeps only the block's inputs, the backward
 * runs the block again. While recording, the replay waits for the incoming gradient (a control dependency), so that
 * TensorFlow can neither merge it with the first run nor start it early and hold its activations.
 * @param block a function of its parameters and tensors only: whatever it captures gets no gradient
 * @param params the block's parameter tree
 */
export function recompute<P>(
  block: (params: P, ...inputs: Tensor[]) => Tensor,
  params: P,
  ...inputs: Tensor[]
): Tensor {
  const paths = [...flattenTree<Tensor>(params).keys()];
  const run = (tensors: Tensor[]): Tensor => {
    const leaves = new Map(paths.map((path, index) => [path, tensors[index] as Tensor]));
    return block(unflattenTree<P>(params, leaves), ...tensors.slice(paths.length));
  };
  const checkpointed = tf.customGrad((...args: (Tensor | tf.GradSaveFunc)[]) => {
    const save = args.at(-1) as tf.GradSaveFunc;
    const tensors = args.slice(0, -1) as Tensor[];
    save(tensors);
    return {
      value: run(tensors),
      gradFunc: (dy: Tensor, saved: Tensor[]) => replay(() => gradientsOf(run, saved, dy), dy),
    };
  });
  return checkpointed(...flattenTree<Tensor>(params).values(), ...inputs);
}

/** Gradients of the block by all its inputs, zeros where it does not depend on one. */
function gradientsOf(run: (tensors: Tensor[]) => Tensor, tensors: Tensor[], dy: Tensor): Tensor[] {
  const differentiable = tensors.filter((tensor) => tensor.dtype === 'float32');
  const { grads } = tf.engine().gradients(() => run(tensors), differentiable, dy, true);
  const byTensor = new Map(differentiable.map((tensor, index) => [tensor, grads[index]]));
  return tensors.map((tensor) => byTensor.get(tensor) ?? tf.zerosLike(tensor));
}

/** Runs the inner differentiation without losing the tape of the outer one, which tfjs keeps in one place. */
function replay<T>(differentiate: () => T, dy: Tensor): T {
  const state = tf.engine().state;
  const outerTape = state.activeTape;
  try {
    const recorder = activeRecorder();
    return recorder === null ? differentiate() : recorder.after(dy, differentiate);
  } finally {
    state.activeTape = outerTape;
  }
}
