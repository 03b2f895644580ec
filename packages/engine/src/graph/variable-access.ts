import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { LlavaError } from '@llava-ts/telemetry';
import { DT_FLOAT, DT_INT32, typeNumber } from '../ops/attributes.js';
import { storedType } from './graph-builder.js';
import type { GraphBuilder, VariableSpec } from './graph-builder.js';
import { typeValue } from './node.js';
import type { Recorder } from './recorder.js';

/** One AdamW step of one variable (Loshchilov & Hutter 2019), every tensor a program variable or a recorded scalar. */
export interface AdamWStep {
  /** Names of the program's variables. */
  readonly parameter: string;
  readonly firstMoment: string;
  readonly secondMoment: string;
  /** Of the parameter's shape, float32. */
  readonly gradient: Tensor;
  /** Scalars, float32: they change from step to step, so they are tensors. */
  readonly learningRate: Tensor;
  /** `beta1 ** step` and `beta2 ** step`, step counted from 1. */
  readonly beta1Power: Tensor;
  readonly beta2Power: Tensor;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 0 for none; decoupled: the parameter shrinks by `learningRate * weightDecay` before the step. */
  readonly weightDecay: number;
}

/** The program's variables as one recorded function sees them: reads after an update see the update. */
export interface VariableAccess {
  get(name: string): Tensor;
  assign(name: string, value: Tensor): void;
  assignAdd(name: string, value: Tensor): void;
  /** Replaces rows of the first axis. @param indices `[rows]` int32 @param rows `[rows, ...]` */
  scatterRows(name: string, indices: Tensor, rows: Tensor): void;
  adamW(step: AdamWStep): void;
}

/** The access of one function, and the updates that its run must not end without. */
export function createVariableAccess(
  specs: Readonly<Record<string, VariableSpec>>,
  graph: GraphBuilder,
  recorder: Recorder,
): { access: VariableAccess; updates(): string[] } {
  const lastUpdate = new Map<string, string>();
  const reads = new Map<string, { tensor: Tensor; node: string }>();

  const spec = (name: string): VariableSpec => {
    const found = specs[name];
    if (found === undefined) throw new LlavaError('bad-input', `Program has no variable '${name}'.`);
    return found;
  };
  const dtype = (name: string): number => typeNumber(spec(name).dtype ?? 'float32');
  const stored = (name: string, value: Tensor): string =>
    graph.cast(recorder.source(value), dtype(name), storedType(spec(name)));
  const after = (name: string): string[] => {
    const update = lastUpdate.get(name);
    return update === undefined ? [] : [`^${update}`];
  };
  const get = (name: string): Tensor => {
    const known = reads.get(name);
    if (known !== undefined) return known.tensor;
    const node = graph.add('ReadVariableOp', [graph.handle(name), ...after(name)], {
      dtype: typeValue(storedType(spec(name))),
    });
    const tensor = tf.keep(recorder.symbol(graph.cast(node, storedType(spec(name)), dtype(name)), spec(name)));
    reads.set(name, { tensor, node });
    return tensor;
  };
  /** Adds an op that changes variables; it waits for their earlier reads and updates. */
  const update = (
    op: string,
    names: readonly string[],
    inputs: readonly string[],
    attr: Parameters<GraphBuilder['add']>[2],
  ): void => {
    const waits = names.flatMap((name) => {
      const read = reads.get(name);
      return [...after(name), ...(read === undefined ? [] : [`^${read.node}`])];
    });
    const node = graph.add(op, [...inputs, ...waits], attr);
    for (const name of names) {
      lastUpdate.set(name, node);
      reads.get(name)?.tensor.dispose();
      reads.delete(name);
    }
  };
  const assign = (name: string, value: Tensor): void => {
    const type = storedType(spec(name));
    const own = graph.own(recorder.source(value), dtype(name), type);
    update('AssignVariableOp', [name], [graph.handle(name), own], { dtype: typeValue(type) });
  };
  const assignAdd = (name: string, value: Tensor): void => {
    const type = { dtype: typeValue(storedType(spec(name))) };
    update('AssignAddVariableOp', [name], [graph.handle(name), stored(name, value)], type);
  };

  const adamW = (step: AdamWStep): void => {
    const { parameter, firstMoment, secondMoment, beta1, beta2, weightDecay } = step;
    for (const name of [parameter, firstMoment, secondMoment]) {
      if (storedType(spec(name)) !== DT_FLOAT)
        throw new LlavaError('bad-input', `adamW: variable '${name}' must be stored as float32.`);
    }
    if (weightDecay !== 0) {
      const shrink = tf.sub(1, tf.mul(step.learningRate, weightDecay));
      const shrunk = recorder.source(tf.mul(get(parameter), shrink)); // a product has memory of its own: no copy
      update('AssignVariableOp', [parameter], [graph.handle(parameter), shrunk], { dtype: typeValue(DT_FLOAT) });
    }
    // TensorFlow's Adam adds epsilon to sqrt(v) before the bias correction; scaled like this it is PyTorch's.
    const epsilon = tf.mul(tf.sqrt(tf.sub(1, step.beta2Power)), step.epsilon);
    const scalars = [step.beta1Power, step.beta2Power, step.learningRate, tf.scalar(beta1), tf.scalar(beta2), epsilon];
    update(
      'ResourceApplyAdam',
      [parameter, firstMoment, secondMoment],
      [
        ...[parameter, firstMoment, secondMoment].map((name) => graph.handle(name)),
        ...scalars.map((t) => recorder.source(t)),
        recorder.source(step.gradient),
      ],
      { T: typeValue(DT_FLOAT), use_locking: { b: false }, use_nesterov: { b: false } },
    );
  };

  return {
    access: {
      get,
      assign,
      assignAdd,
      scatterRows: (name, indices, rows) =>
        update('ResourceScatterUpdate', [name], [graph.handle(name), recorder.source(indices), stored(name, rows)], {
          dtype: typeValue(storedType(spec(name))),
          Tindices: typeValue(DT_INT32),
        }),
      adamW,
    },
    updates: () => [...new Set(lastUpdate.values())],
  };
}
