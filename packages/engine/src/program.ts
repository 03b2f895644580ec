import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { recordProgram } from './graph/record-program.js';
import type { ProgramDefinition, RecordedFunction, RecordedProgram, RecordedVariable } from './graph/record-program.js';
import { encodeSavedModel, SERVE_TAG, withSavedModelFolder } from './graph/saved-model.js';
import { nodeBackend } from './node-backend.js';
import { sizeOf } from './tree.js';

/** An input of a call: host values, or a tensor that is on the device already. */
export type InputValue = Float32Array | Int32Array | Tensor;

/** A compiled program: one TensorFlow session that holds the variables and runs the recorded functions. */
export interface Program {
  /** Runs a function; the caller disposes the results. */
  run(name: string, inputs: Readonly<Record<string, InputValue>>): Record<string, Tensor>;
  /** Runs a function and copies the results to the host; nothing to dispose. */
  call(name: string, inputs: Readonly<Record<string, InputValue>>): Record<string, Float32Array | Int32Array>;
  /** Copies variables to the host. The first call for a set of names prepares it, so read many at once rather than one by one. */
  read(variables: Iterable<string>): Map<string, Float32Array | Int32Array>;
  /** Sets variables from the host. Here too the first call for a set of names prepares it. */
  assign(values: ReadonlyMap<string, Float32Array | Int32Array>): void;
  dispose(): void;
}

/**
 * Records every function once and compiles them into one program. `loadTensorflow()` must have been awaited.
 * @throws LlavaError `bad-input` when a function reads a value or captures a tensor while it is recorded
 */
export function compile(definition: ProgramDefinition): Program {
  return load(recordProgram(definition));
}

function load({ nodes, functions, state, zeroed }: RecordedProgram): Program {
  const backend = nodeBackend();
  const session = withSavedModelFolder(encodeSavedModel(nodes), (folder) =>
    backend.binding.loadSavedModel(folder, SERVE_TAG),
  );
  let disposed = false;

  const find = (name: string): RecordedFunction => {
    if (disposed) throw new LlavaError('internal', `Program was disposed; '${name}' cannot run any more.`);
    const fn = functions.get(name);
    if (fn === undefined) throw new LlavaError('bad-input', `Program has no '${name}'.`);
    return fn;
  };
  const fetch = (inputs: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Tensor[] => {
    const ids = [...inputs.values()].map((tensor) => backend.getInputTensorIds([tensor])[0] as number);
    const feeds = [...inputs.keys()].map((node) => `${node}:0`);
    return backend.binding
      .runSavedModel(session, ids, feeds.join(','), outputs.map((node) => `${node}:0`).join(','))
      .map((metadata) => backend.createOutputTensor(metadata));
  };
  const run: Program['run'] = (name, values) => {
    const fn = find(name);
    const made: Tensor[] = [];
    const inputs = fn.inputs.map((input) => [input.node, asTensor(name, input, values[input.name], made)] as const);
    try {
      const tensors = fetch(
        new Map(inputs),
        fn.outputs.map((output) => output.fetch),
      );
      const named = fn.outputs.map(({ name: output }, index) => [output, tensors[index] as Tensor] as const);
      for (const [output, tensor] of named) if (output === '') tensor.dispose();
      return Object.fromEntries(named.filter(([output]) => output !== ''));
    } finally {
      tf.dispose(made);
    }
  };
  const call: Program['call'] = (name, values) => {
    const results = run(name, values);
    const arrays = Object.entries(results).map(
      ([output, tensor]) => [output, tensor.dataSync() as Float32Array] as const,
    );
    tf.dispose(results);
    return Object.fromEntries(arrays);
  };
  const variable = (name: string): RecordedVariable => {
    const found = state.get(name);
    if (found === undefined) throw new LlavaError('bad-input', `Program has no variable '${name}'.`);
    return found;
  };
  tf.dispose(fetch(new Map(), [zeroed]));

  return {
    run,
    call,
    read: (names) => {
      const values = new Map<string, Float32Array | Int32Array>();
      for (const group of inGroups([...names], (name) => sizeOf(variable(name).spec.shape))) {
        const tensors = fetch(
          new Map(),
          group.map((name) => variable(name).read),
        );
        group.forEach((name, index) => values.set(name, (tensors[index] as Tensor).dataSync() as Float32Array));
        tf.dispose(tensors);
      }
      return values;
    },
    assign: (values) => {
      for (const group of inGroups([...values.keys()], (name) => sizeOf(variable(name).spec.shape))) {
        const made: Tensor[] = [];
        const inputs = group.map((name) => {
          const { spec, value } = variable(name);
          return [value, asTensor('assign', { name, spec, node: value }, values.get(name), made)] as const;
        });
        tf.dispose(
          fetch(
            new Map(inputs),
            group.map((name) => variable(name).assigned),
          ),
        );
        tf.dispose(made);
      }
    },
    dispose: () => {
      if (!disposed) backend.binding.deleteSavedModel(session);
      disposed = true;
    },
  };
}

/** Values moved between host and device in one call, at most (unless one variable alone is larger). */
const GROUP_VALUES = 128 * 2 ** 20;

/** Cuts names into runs whose values fit one transfer. */
function inGroups(names: readonly string[], size: (name: string) => number): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const name of names) {
    room -= size(name);
    if (groups.length === 0 || room < 0) {
      groups.push([]);
      room = GROUP_VALUES - size(name);
    }
    groups.at(-1)?.push(name);
  }
  return groups;
}

/** The tensor of one input; host values become one that is disposed after the call. */
function asTensor(
  fn: string,
  { name, spec }: RecordedFunction['inputs'][number],
  value: InputValue | undefined,
  made: Tensor[],
): Tensor {
  const dtype = spec.dtype ?? 'float32';
  const expected = `${dtype} [${spec.shape.join(', ')}]`;
  if (value === undefined) throw new LlavaError('bad-input', `'${fn}' needs input '${name}' (${expected}).`);
  if (ArrayBuffer.isView(value)) {
    const count = sizeOf(spec.shape);
    const fits = value.length === count && value instanceof Int32Array === (dtype === 'int32');
    if (!fits)
      throw new LlavaError(
        'mismatch',
        `'${fn}': input '${name}' expects ${expected}, got ${value.constructor.name} of ${value.length} values.`,
      );
    const tensor = tf.tensor(value, [...spec.shape], dtype);
    made.push(tensor);
    return tensor;
  }
  const fits =
    value.dtype === dtype &&
    value.shape.length === spec.shape.length &&
    value.shape.every((n, axis) => n === spec.shape[axis]);
  if (!fits)
    throw new LlavaError(
      'mismatch',
      `'${fn}': input '${name}' expects ${expected}, got ${value.dtype} [${value.shape.join(', ')}].`,
    );
  return value;
}
