import { LlavaError } from '@llava-ts/telemetry';
import { DT_BFLOAT16, typeNumber } from '../ops/attributes.js';
import { constantNode, shapeProto, typeValue } from './node.js';
import type { AttributeValue, ConstantValue, GraphNode } from './node.js';

/** What a variable or an input looks like. */
export interface TensorSpec {
  readonly shape: readonly number[];
  /** Default `float32`. */
  readonly dtype?: 'float32' | 'int32';
}

/** A variable: its shape, its dtype towards the functions, and optionally a smaller type in which it is kept. */
export interface VariableSpec extends TensorSpec {
  /** Keep a float32 variable in bfloat16: half the memory, 8 bits of mantissa. Reads widen, updates round to nearest even. */
  readonly storage?: 'bfloat16';
}

/** TensorFlow's number of the type in which a variable is kept. */
export function storedType({ dtype, storage }: VariableSpec): number {
  return storage === 'bfloat16' ? DT_BFLOAT16 : typeNumber(dtype ?? 'float32');
}

/** The growing list of nodes of one graph, with unique names. */
export interface GraphBuilder {
  readonly nodes: GraphNode[];
  /** Shapes of the batched matrix products, for {@link protectProducts}. */
  readonly products: Map<string, readonly number[]>;
  /** Adds a node and returns its name. */
  add(op: string, input: readonly string[], attr: Readonly<Record<string, AttributeValue>>, hint?: string): string;
  /** The node of a constant; equal small constants share one. */
  constant(value: ConstantValue): string;
  /** Casts between the type of a variable's storage and the type of its tensors; gives the input back where they are one. */
  cast(input: string, from: number, to: number): string;
  /**
   * A tensor in the type of a variable's storage and in memory of its own: cast where the types differ, else copied. tfjs-node's tensors share the memory of JavaScript's arrays; a variable that kept
   * such memory would give it back on one of TensorFlow's threads, or after its JavaScript thread has ended, and crash.
   */
  own(input: string, from: number, to: number): string;
  /** The resource handle of a variable. */
  handle(name: string): string;
}

/** Constants up to this size are compared by content, so that axes and shapes are stored once. */
const SHARED_CONSTANT_BYTES = 256;

/** Larger constants of one repeated value become a Fill, which costs the graph nothing. */
const FILL_FROM_VALUES = 64;

/** Creates a graph with one resource handle per variable. */
export function createGraphBuilder(variables: Readonly<Record<string, VariableSpec>>): GraphBuilder {
  const nodes: GraphNode[] = [];
  const shared = new Map<string, string>();
  const handles = new Map<string, string>();

  const add: GraphBuilder['add'] = (op, input, attr, hint) => {
    const name = hint ?? `${op}_${nodes.length}`;
    nodes.push({ name, op, input, attr });
    return name;
  };

  const constant = (value: ConstantValue): string => {
    const { values, shape, dtype } = value;
    if (values.length > FILL_FROM_VALUES && values.every((v) => v === values[0])) {
      const dims = constant({ dtype: typeNumber('int32'), shape: [shape.length], values: Int32Array.from(shape) });
      const fill = constant({ dtype, shape: [], values: values.slice(0, 1) });
      return add('Fill', [dims, fill], { T: typeValue(dtype), index_type: typeValue(typeNumber('int32')) });
    }
    if (values.byteLength > SHARED_CONSTANT_BYTES) {
      const name = `Const_${nodes.length}`;
      nodes.push(constantNode(name, value));
      return name;
    }
    const key = `${dtype}|${shape.join(',')}|${Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = `Const_${nodes.length}`;
    nodes.push(constantNode(name, value));
    shared.set(key, name);
    return name;
  };

  Object.entries(variables).forEach(([name, spec], index) => {
    const node = add(
      'VarHandleOp',
      [],
      {
        dtype: typeValue(storedType(spec)),
        shape: { shape: shapeProto(spec.shape) },
        shared_name: { s: Buffer.from(name) },
        container: { s: Buffer.alloc(0) },
      },
      `variable_${index}`,
    );
    handles.set(name, node);
  });

  const cast: GraphBuilder['cast'] = (input, from, to) =>
    from === to ? input : add('Cast', [input], { SrcT: typeValue(from), DstT: typeValue(to), Truncate: { b: false } });

  return {
    nodes,
    products: new Map(),
    add,
    constant,
    cast,
    own: (input, from, to) => (from === to ? add('DeepCopy', [input], { T: typeValue(to) }) : cast(input, from, to)),
    handle: (name) => handles.get(name) ?? unknownVariable(name, handles.keys()),
  };
}

function unknownVariable(name: string, known: Iterable<string>): never {
  throw new LlavaError(
    'bad-input',
    `Program has no variable '${name}'; it has ${[...known].slice(0, 8).join(', ')} ...`,
  );
}
