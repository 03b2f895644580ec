import type { Tensor } from '@tensorflow/tfjs-core';
import { typeNumber } from '../ops/attributes.js';
import { autocastProducts } from './autocast.js';
import { createGraphBuilder, storedType } from './graph-builder.js';
import type { GraphBuilder, TensorSpec, VariableSpec } from './graph-builder.js';
import { shapeProto, typeValue } from './node.js';
import type { GraphNode } from './node.js';
import { protectProducts } from './protect-products.js';
import { record } from './recorder.js';
import { createVariableAccess } from './variable-access.js';
import type { VariableAccess } from './variable-access.js';

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

/** What to feed and fetch to run one function. */
export interface RecordedFunction {
  readonly inputs: readonly { name: string; node: string; spec: TensorSpec }[];
  readonly outputs: readonly { name: string; fetch: string }[];
}

/** What to feed and fetch to move one variable to and from the host. */
export interface RecordedVariable {
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
