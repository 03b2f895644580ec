import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { autocastProducts } from './graph/autocast.js';
import { createGraphBuilder } from './graph/graph-builder.js';
import type { GraphBuilder, TensorSpec } from './graph/graph-builder.js';
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
  readonly variables: Readonly<Record<string, TensorSpec>>;
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
  read(variable: string): Float32Array | Int32Array;
  assign(variable: string, values: Float32Array | Int32Array): void;
  dispose(): void;
}

interface RecordedFunction {
  readonly inputs: readonly { name: string; node: string; spec: TensorSpec }[];
  readonly outputs: readonly { name: string; fetch: string }[];
}

/** A definition recorded into graph nodes, before TensorFlow has seen it. */
export interface RecordedProgram {
  readonly nodes: readonly GraphNode[];
  readonly functions: ReadonlyMap<string, RecordedFunction>;
  readonly variables: Readonly<Record<string, TensorSpec>>;
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
  Object.entries(variables).forEach(([name, spec], index) => {
    recorded.set(`read ${name}`, recordRead(graph, name, spec, index));
    recorded.set(`assign ${name}`, recordAssign(graph, name, spec, index));
  });
  const guarded = protectProducts(graph.nodes, graph.products);
  const nodes = precision === 'bfloat16' ? autocastProducts(guarded) : guarded;
  return { nodes, functions: recorded, variables };
}

function placeholder(graph: GraphBuilder, node: string, { shape, dtype }: TensorSpec): string {
  return graph.add('Placeholder', [], { dtype: typeValue(typeNumber(dtype ?? 'float32')), shape: { shape: shapeProto(shape) } }, node);
}

function recordFunction(name: string, fn: ProgramFunction, variables: ProgramDefinition['variables'], graph: GraphBuilder): RecordedFunction {
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

function recordRead(graph: GraphBuilder, name: string, { dtype }: TensorSpec, index: number): RecordedFunction {
  const fetch = graph.add('ReadVariableOp', [graph.handle(name)], { dtype: typeValue(typeNumber(dtype ?? 'float32')) }, `read_${index}`);
  return { inputs: [], outputs: [{ name: 'value', fetch }] };
}

function recordAssign(graph: GraphBuilder, name: string, spec: TensorSpec, index: number): RecordedFunction {
  const node = placeholder(graph, `assign_${index}_value`, spec);
  const type = typeValue(typeNumber(spec.dtype ?? 'float32'));
  const update = graph.add('AssignVariableOp', [graph.handle(name), node], { dtype: type });
  return { inputs: [{ name: 'value', node, spec }], outputs: [{ name: '', fetch: barrier(graph, [`^${update}`]) }] };
}

function load({ nodes, functions, variables }: RecordedProgram): Program {
  const backend = nodeBackend();
  const session = withSavedModelFolder(encodeSavedModel(nodes), (folder) => backend.binding.loadSavedModel(folder, SERVE_TAG));
  let disposed = false;

  const find = (name: string): RecordedFunction => {
    if (disposed) throw new LlavaError('internal', `Program was disposed; '${name}' cannot run any more.`);
    const fn = functions.get(name);
    if (fn === undefined) throw new LlavaError('bad-input', `Program has no '${name}'.`);
    return fn;
  };
  const run: Program['run'] = (name, values) => {
    const fn = find(name);
    const made: Tensor[] = [];
    const ids = fn.inputs.map((input) => {
      const tensor = asTensor(name, input, values[input.name], made);
      return backend.getInputTensorIds([tensor])[0] as number;
    });
    try {
      const fetched = backend.binding.runSavedModel(session, ids, fn.inputs.map(({ node }) => `${node}:0`).join(','), fn.outputs.map(({ fetch }) => `${fetch}:0`).join(','));
      const tensors = fetched.map((metadata) => backend.createOutputTensor(metadata));
      const named = fn.outputs.map(({ name: output }, index) => [output, tensors[index] as Tensor] as const);
      for (const [output, tensor] of named) if (output === '') tensor.dispose();
      return Object.fromEntries(named.filter(([output]) => output !== ''));
    } finally {
      tf.dispose(made);
    }
  };
  const call: Program['call'] = (name, values) => {
    const results = run(name, values);
    const arrays = Object.entries(results).map(([output, tensor]) => [output, tensor.dataSync() as Float32Array] as const);
    tf.dispose(results);
    return Object.fromEntries(arrays);
  };
  const program: Program = {
    run,
    call,
    read: (variable) => call(`read ${variable}`, {})['value'] as Float32Array | Int32Array,
    assign: (variable, values) => {
      run(`assign ${variable}`, { value: values });
    },
    dispose: () => {
      if (!disposed) backend.binding.deleteSavedModel(session);
      disposed = true;
    },
  };
  for (const [name, { shape, dtype }] of Object.entries(variables)) {
    program.assign(name, dtype === 'int32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape)));
  }
  return program;
}

/** The tensor of one input; host values become one that is disposed after the call. */
function asTensor(fn: string, { name, spec }: RecordedFunction['inputs'][number], value: InputValue | undefined, made: Tensor[]): Tensor {
  const dtype = spec.dtype ?? 'float32';
  const expected = `${dtype} [${spec.shape.join(', ')}]`;
  if (value === undefined) throw new LlavaError('bad-input', `'${fn}' needs input '${name}' (${expected}).`);
  if (ArrayBuffer.isView(value)) {
    const count = sizeOf(spec.shape);
    const fits = value.length === count && (value instanceof Int32Array) === (dtype === 'int32');
    if (!fits) throw new LlavaError('mismatch', `'${fn}': input '${name}' expects ${expected}, got ${value.constructor.name} of ${value.length} values.`);
    const tensor = tf.tensor(value, [...spec.shape], dtype);
    made.push(tensor);
    return tensor;
  }
  const fits = value.dtype === dtype && value.shape.length === spec.shape.length && value.shape.every((n, axis) => n === spec.shape[axis]);
  if (!fits) throw new LlavaError('mismatch', `'${fn}': input '${name}' expects ${expected}, got ${value.dtype} [${value.shape.join(', ')}].`);
  return value;
}
