import { DT_BOOL, DT_INT32 } from '../ops/attributes.js';

/** A tensor as the recorder knows it: type and shape, and values only where they are constant. */
export interface SymbolicTensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly values?: Float32Array | Int32Array | Uint8Array | undefined;
}

/** Attributes of an op by name, as tfjs-node hands them over. */
export type Attributes = Readonly<Record<string, unknown>>;

type Output = { readonly dtype: number; readonly shape: readonly number[] };
type Rule = (inputs: readonly SymbolicTensor[], attributes: Attributes, outputs: number) => Output[];

/** Thrown by a rule whose shape depends on values that are not constant. */
export class NotInferable extends Error {}

const input = (inputs: readonly SymbolicTensor[], index: number): SymbolicTensor => {
  const tensor = inputs[index];
  if (tensor === undefined) throw new NotInferable(`input ${index} is missing`);
  return tensor;
};

const constants = (tensor: SymbolicTensor): number[] => {
  if (tensor.values === undefined) throw new NotInferable('an input that fixes the shape is not constant');
  return Array.from(tensor.values);
};

const one = (dtype: number, shape: readonly number[]): Output[] => [{ dtype, shape }];
const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** NumPy broadcasting of two shapes. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new NotInferable(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

const elementwise: Rule = (inputs) => one(input(inputs, 0).dtype, input(inputs, 0).shape);
const binary: Rule = (inputs) => one(input(inputs, 0).dtype, broadcast(input(inputs, 0).shape, input(inputs, 1).shape));
const comparison: Rule = (inputs) => one(DT_BOOL, broadcast(input(inputs, 0).shape, input(inputs, 1).shape));

function reducedShape(x: SymbolicTensor, axes: number[], keep: boolean): number[] {
  const reduced = new Set(axes.map((axis) => positive(axis, x.shape.length)));
  return x.shape.flatMap((n, axis) => (reduced.has(axis) ? (keep ? [1] : []) : [n]));
}

const reduction: Rule = (inputs, { keep_dims: keep }) => {
  const x = input(inputs, 0);
  return one(x.dtype, reducedShape(x, constants(input(inputs, 1)), keep === true));
};

const argument: Rule = (inputs, { output_type: type }) =>
  one(typeof type === 'number' ? type : DT_INT32, reducedShape(input(inputs, 0), constants(input(inputs, 1)), false));

const matrixProduct =
  (adjointA: string, adjointB: string): Rule =>
  (inputs, attributes) => {
    const a = input(inputs, 0);
    const b = input(inputs, 1);
    const rows = a.shape.at(attributes[adjointA] === true ? -1 : -2) ?? 1;
    const columns = b.shape.at(attributes[adjointB] === true ? -2 : -1) ?? 1;
    return one(a.dtype, [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]);
  };

const reshape: Rule = (inputs) => {
  const x = input(inputs, 0);
  const target = constants(input(inputs, 1));
  const known = target.reduce((product, n) => (n === -1 ? product : product * n), 1);
  return one(
    x.dtype,
    target.map((n) => (n === -1 ? size(x.shape) / known : n)),
  );
};

const transpose: Rule = (inputs) => {
  const x = input(inputs, 0);
  return one(
    x.dtype,
    constants(input(inputs, 1)).map((axis) => x.shape[axis] ?? 1),
  );
};

const concat: Rule = (inputs) => {
  const parts = inputs.slice(0, -1);
  const first = input(parts, 0);
  const axis = positive(constants(input(inputs, inputs.length - 1))[0] ?? 0, first.shape.length);
  const total = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
  return one(
    first.dtype,
    first.shape.map((n, at) => (at === axis ? total : n)),
  );
};

const pack: Rule = (inputs, { axis }) => {
  const first = input(inputs, 0);
  const at = positive(Number(axis ?? 0), first.shape.length + 1);
  return one(first.dtype, [...first.shape.slice(0, at), inputs.length, ...first.shape.slice(at)]);
};

const unpack: Rule = (inputs, { axis }, outputs) => {
  const x = input(inputs, 0);
  const at = positive(Number(axis ?? 0), x.shape.length);
  return Array.from({ length: outputs }, () => ({ dtype: x.dtype, shape: x.shape.filter((_, n) => n !== at) }));
};

const splitV: Rule = (inputs) => {
  const x = input(inputs, 0);
  const axis = positive(constants(input(inputs, 2))[0] ?? 0, x.shape.length);
  return constants(input(inputs, 1)).map((part) => ({
    dtype: x.dtype,
    shape: x.shape.map((n, at) => (at === axis ? part : n)),
  }));
};

const slice: Rule = (inputs) => {
  const x = input(inputs, 0);
  const begin = constants(input(inputs, 1));
  return one(
    x.dtype,
    constants(input(inputs, 2)).map((n, axis) => (n === -1 ? (x.shape[axis] ?? 0) - (begin[axis] ?? 0) : n)),
  );
};

const expandDims: Rule = (inputs) => {
  const x = input(inputs, 0);
  const axis = positive(constants(input(inputs, 1))[0] ?? 0, x.shape.length + 1);
  return one(x.dtype, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
};

const pad: Rule = (inputs) => {
  const x = input(inputs, 0);
  const paddings = constants(input(inputs, 1));
  return one(
    x.dtype,
    x.shape.map((n, axis) => n + (paddings[2 * axis] ?? 0) + (paddings[2 * axis + 1] ?? 0)),
  );
};

const tile: Rule = (inputs) => {
  const x = input(inputs, 0);
  const multiples = constants(input(inputs, 1));
  return one(
    x.dtype,
    x.shape.map((n, axis) => n * (multiples[axis] ?? 1)),
  );
};

const gather: Rule = (inputs, { batch_dims: batchAxes }) => {
  const x = input(inputs, 0);
  const indices = input(inputs, 1);
  const axis = positive(constants(input(inputs, 2))[0] ?? 0, x.shape.length);
  return one(x.dtype, [
    ...x.shape.slice(0, axis),
    ...indices.shape.slice(Number(batchAxes ?? 0)),
    ...x.shape.slice(axis + 1),
  ]);
};

const segmentSum: Rule = (inputs) => {
  const x = input(inputs, 0);
  return one(x.dtype, [constants(input(inputs, 2))[0] ?? 0, ...x.shape.slice(input(inputs, 1).shape.length)]);
};

const select: Rule = (inputs) =>
  one(
    input(inputs, 1).dtype,
    broadcast(input(inputs, 0).shape, broadcast(input(inputs, 1).shape, input(inputs, 2).shape)),
  );

const crossEntropy: Rule = (inputs) => {
  const logits = input(inputs, 0);
  return [
    { dtype: logits.dtype, shape: logits.shape.slice(0, 1) },
    { dtype: logits.dtype, shape: logits.shape },
  ];
};

const all = (names: string, rule: Rule): [string, Rule][] => names.split(' ').map((name) => [name, rule]);

/** One rule per TensorFlow op: the shapes of its outputs from its inputs' shapes, its attributes and its constant inputs. */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ...all(
    'Neg Exp Expm1 Log Log1p Sqrt Rsqrt Square Sigmoid Tanh Erf Abs Relu Relu6 Elu Selu Softplus Sin Cos Tan Asin Acos Atan Sinh Cosh',
    elementwise,
  ),
  ...all(
    'Floor Ceil Round Sign Reciprocal LogicalNot Softmax LogSoftmax ZerosLike OnesLike Identity Cumsum Cumprod ReverseV2 LeakyRelu AddN',
    elementwise,
  ),
  ...all(
    'Add AddV2 Sub Mul Div RealDiv FloorDiv FloorMod DivNoNan Maximum Minimum Pow SquaredDifference Atan2 LogicalAnd LogicalOr',
    binary,
  ),
  ...all('Greater GreaterEqual Less LessEqual Equal NotEqual', comparison),
  ...all('IsNan IsInf IsFinite', (inputs) => one(DT_BOOL, input(inputs, 0).shape)),
  ...all('Sum Mean Max Min Prod All Any', reduction),
  ...all('ArgMax ArgMin', argument),
  ['MatMul', matrixProduct('transpose_a', 'transpose_b')],
  ...all('BatchMatMul BatchMatMulV2', matrixProduct('adj_x', 'adj_y')),
  ['Reshape', reshape],
  ['ExpandDims', expandDims],
  ['Transpose', transpose],
  ['ConcatV2', concat],
  ['Pack', pack],
  ['Unpack', unpack],
  ['SplitV', splitV],
  ['Slice', slice],
  ...all('Pad PadV2', pad),
  ['Tile', tile],
  ['GatherV2', gather],
  ['UnsortedSegmentSum', segmentSum],
  ...all('Select SelectV2', select),
  ['Cast', (inputs, { DstT }) => one(Number(DstT), input(inputs, 0).shape)],
  ['Fill', (inputs) => one(input(inputs, 1).dtype, constants(input(inputs, 0)))],
  ['OneHot', (inputs) => one(input(inputs, 2).dtype, [...input(inputs, 0).shape, constants(input(inputs, 1))[0] ?? 0])],
  ['BroadcastTo', (inputs) => one(input(inputs, 0).dtype, constants(input(inputs, 1)))],
  ['SparseSoftmaxCrossEntropyWithLogits', crossEntropy],
  ['StatelessRandomUniform', (inputs, { dtype }) => one(Number(dtype), constants(input(inputs, 0)))],
]);

/** The ops whose shapes are inferred; any other is executed once on zeros to learn them. */
export function inferableOps(): string[] {
  return [...RULES.keys()];
}

/**
 * Types and shapes of an op's outputs, or null when no rule can tell.
 * @param outputs how many outputs the caller expects
 */
export function inferShapes(
  op: string,
  inputs: readonly SymbolicTensor[],
  attributes: Attributes,
  outputs: number,
): Output[] | null {
  const rule = RULES.get(op);
  if (rule === undefined) return null;
  try {
    return rule(inputs, attributes, outputs);
  } catch (error) {
    if (error instanceof NotInferable) return null;
    throw error;
  }
}
