import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { autocastProducts } from './graph/autocast.js';
import { createGraphBuilder, storedType } from './graph/graph-builder.js';
import type { GraphBuilder, TensorSpec, VariableSpec } from './graph/graph-builder.js';
import { shapeProto, typeValue } from './graph/node.js';
import type { GraphNode } from './graph/node.js';
import { protectProducts } from './graph/protect-products.js';
import { record } from './graph/recorder.js';
import { encodeSavedModel, SERVE_TAG, withSavedModelFolder } from './graph/saved-model.js';
import { createVariableAccess } from './graph/variable-access.js';
import type { VariableAccess } from './graph/variable-access.js';
import { typeNumber } from './ops/attributes.js';
import { nodeBackend } from './tensorflow.js';
import { sizeOf } from './tree.js';

/** A function of a program: plain tfjs code over declared inputs and the program's variables. */
export interface ProgramFunction {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  run(inputs: Readonly<Record<string, Tensor>>, variables: VariableAccess): Record<string, Tensor>;
}

/** Everything that makes a program. */
export interface ProgramDefinition {
  /** State that stays on the device between calls; starts as zeros. */
  readonly variables: Readonly<Record<string, VariableSpec>>;
  readonly functions: Readonly<Record<string, ProgramFunction>>;
  /** Default `float32`; `bfloat16` computes the matrix products in it. */
  readonly precision?: 'float32' | 'bfloat16';
}

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

interface RecordedFunction {
  readonly inputs: readonly { name: string; node: string; spec: TensorSpec }[];
  readonly outputs: readonly { name: string; fetch: string }[];
}

interface RecordedVariable {
  readonly spec: TensorSpec;
  /** Node that reads it. */
  readonly read: string;
  /** Placeholder for a new value, and the node to fetch so that it is assigned. */
  readonly value: string;
  readonly assigned: string;
}

/** A definition recorded into graph nodes, before TensorFlow has seen it. */
export interface RecordedProgram {
  readonly nodes: readonly GraphNode[];
  readonly functions: ReadonlyMap<string, RecordedFunction>;
  readonly state: ReadonlyMap<string, RecordedVariable>;
  /** Fetched once at the start: fills every variable with zeros. */
  readonly zeroed: string;
}

/**
 * Records every function once and compiles them into one program. `loadTensorflow()` must have been awaited.
 * @throws LlavaError `bad-input` when a function reads a value or captures a tensor while it is recorded
 */
export function compile(definition: ProgramDefinition): Program {
  return load(recordProgram(definition));
}

/** Records a definition without loading it: no variable and no activation is allocated, whatever their size. */
export function recordProgram({ variables, functions, precision = 'float32' }: ProgramDefinition): RecordedProgram {
  const graph = createGraphBuilder(variables);
  const recorded = new Map<string, RecordedFunction>();
  for (const [name, fn] of Object.entries(functions)) recorded.set(name, recordFunction(name, fn, variables, graph));
  const state = new Map(
    Object.entries(variables).map(([name, spec], index) => [name, recordState(graph, name, spec, index)]),
  );
  const zeroed = recordZeros(graph, variables);
  const guarded = protectProducts(graph.nodes, graph.products);
  const nodes = precision === 'bfloat16' ? autocastProducts(guarded) : guarded;
  return { nodes, functions: recorded, state, zeroed };
}

function placeholder(graph: GraphBuilder, node: string, { shape, dtype }: TensorSpec): string {
  return graph.add(
    'Placeholder',
    [],
    { dtype: typeValue(typeNumber(dtype ?? 'float32')), shape: { shape: shapeProto(shape) } },
    node,
  );
}

function recordFunction(
  name: string,
  fn: ProgramFunction,
  variables: ProgramDefinition['variables'],
  graph: GraphBuilder,
): RecordedFunction {
  const prefix = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
  const inputs = Object.entries(fn.inputs).map(([input, spec], index) => ({
    name: input,
    spec,
    node: placeholder(graph, `${prefix}_input_${index}_${graph.nodes.length}`, spec),
  }));
  return record(name, graph, (recorder) => {
    const { access, updates } = createVariableAccess(variables, graph, recorder);
    const symbols = Object.fromEntries(inputs.map((input) => [input.name, recorder.symbol(input.node, input.spec)]));
    const results = Object.entries(fn.run(symbols, access));
    const waits = updates().map((node) => `^${node}`);
    const outputs = results.map(([output, tensor]) => {
      const attr = { T: typeValue(typeNumber(tensor.dtype)) };
      return { name: output, fetch: graph.add('Identity', [recorder.source(tensor), ...waits], attr) };
    });
    return { inputs, outputs: outputs.length > 0 ? outputs : [{ name: '', fetch: barrier(graph, waits) }] };
  });
}

/** Something to fetch for a function that only updates variables. */
function barrier(graph: GraphBuilder, waits: readonly string[]): string {
  const nothing = graph.constant({ dtype: typeNumber('float32'), shape: [], values: new Float32Array(1) });
  return graph.add('Identity', [nothing, ...waits], { T: typeValue(typeNumber('float32')) });
}

/** The nodes that read and assign one variable from the host. */
function recordState(graph: GraphBuilder, name: string, spec: VariableSpec, index: number): RecordedVariable {
  const [stored, seen] = [storedType(spec), typeNumber(spec.dtype ?? 'float32')];
  const dtype = { dtype: typeValue(stored) };
  const read = graph.cast(graph.add('ReadVariableOp', [graph.handle(name)], dtype), stored, seen);
  const value = placeholder(graph, `assign_${index}_value`, spec);
  const own = graph.own(value, seen, stored);
  const update = graph.add('AssignVariableOp', [graph.handle(name), own], dtype);
  return { spec, read, value, assigned: barrier(graph, [`^${update}`]) };
}

function recordZeros(graph: GraphBuilder, variables: ProgramDefinition['variables']): string {
  const assigns = Object.entries(variables).map(([name, spec]) => {
    const { shape, dtype = 'float32' } = spec;
    const type = storedType(spec);
    const dims = graph.constant({ dtype: typeNumber('int32'), shape: [shape.length], values: Int32Array.from(shape) });
    const zero = graph.constant({
      dtype: typeNumber(dtype),
      shape: [],
      values: dtype === 'int32' ? new Int32Array(1) : new Float32Array(1),
    });
    const fill = graph.add('Fill', [dims, graph.cast(zero, typeNumber(dtype), type)], {
      T: typeValue(type),
      index_type: typeValue(typeNumber('int32')),
    });
    return graph.add('AssignVariableOp', [graph.handle(name), fill], { dtype: typeValue(type) });
  });
  return barrier(
    graph,
    assigns.map((node) => `^${node}`),
  );
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
