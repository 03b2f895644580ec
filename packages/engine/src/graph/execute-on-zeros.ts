import { LlavaError } from '@llava-ts/telemetry';
import { DT_BOOL, DT_INT32 } from '../ops/attributes.js';
import type { Binding, OpAttribute, TensorValues } from '../node-backend.js';
import type { SymbolicTensor } from './shape-inference.js';

/** An op without a shape rule may be run to learn its shapes only if its inputs are smaller than this. */
const MAX_INPUT_BYTES = 64 * 2 ** 20;

/** An op as it is recorded. */
interface UnknownOp {
  readonly op: string;
  readonly attributes: OpAttribute[];
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: number;
}

/**
 * Learns the shapes of an op without a rule: runs it once on zeros (constants keep their values).
 * @throws LlavaError `bad-input` when the inputs would be too large to allocate for that
 */
export function learnShapesByRunning(
  binding: Binding,
  { op, attributes, inputs, outputs }: UnknownOp,
): { dtype: number; shape: number[] }[] {
  const bytes = inputs.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, n) => product * n, 1), 0);
  if (bytes > MAX_INPUT_BYTES) {
    throw new LlavaError(
      'bad-input',
      `Op '${op}' has no shape rule and inputs of ${Math.round(bytes / 2 ** 20)} MiB, too large to try it on zeros. Add a rule in packages/engine/src/graph/shape-inference.ts.`,
    );
  }
  const ids = inputs.map(({ dtype, shape, values }) =>
    binding.createTensor([...shape], dtype, values ?? zeros(dtype, shape)),
  );
  try {
    const results = binding.executeOp(op, attributes, ids, outputs);
    for (const { id } of results) binding.deleteTensor(id);
    return results.map(({ dtype, shape }) => ({ dtype, shape }));
  } finally {
    for (const id of ids) binding.deleteTensor(id);
  }
}

function zeros(dtype: number, shape: readonly number[]): TensorValues {
  const count = shape.reduce((product, n) => product * n, 1);
  if (dtype === DT_INT32) return new Int32Array(count);
  return dtype === DT_BOOL ? new Uint8Array(count) : new Float32Array(count);
}
