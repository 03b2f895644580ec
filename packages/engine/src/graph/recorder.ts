import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import { DT_INT32, typeNumber } from '../ops/attributes.js';
import { nodeBackend } from '../node-backend.js';
import type { Binding, TensorMetadata, TensorValues } from '../node-backend.js';
import { whileRecording } from './active-recorder.js';
import type { RecordingScope } from './active-recorder.js';
import { learnShapesByRunning } from './execute-on-zeros.js';
import type { GraphBuilder, TensorSpec } from './graph-builder.js';
import { attributeValue, typeValue } from './node.js';
import type { AttributeValue } from './node.js';
import { inferShapes } from './shape-inference.js';
import type { SymbolicTensor } from './shape-inference.js';

/** Ids of recorded tensors start here; the addon's own ids count up from zero and never get this far. */
const FIRST_RECORDED_ID = 2 ** 30;

interface RecordedTensor extends SymbolicTensor {
  /** `node` or `node:output`; null for a constant that no op has used yet. */
  source: string | null;
}

/** A recording of one function into a graph: tfjs ops become nodes instead of being computed. */
export interface Recorder extends RecordingScope {
  /** A tensor that stands for a node's output. */
  symbol(source: string, spec: TensorSpec): Tensor;
  /** The graph's name of a tensor made in this recording. */
  source(tensor: Tensor): string;
}

/**
 * Runs a function with every op recorded into `graph` and nothing computed: no weights, no activations.
 * @param name of the function, for errors
 * @throws LlavaError `bad-input` when the function reads a value or uses a tensor made outside
 */
export function record<T>(name: string, graph: GraphBuilder, fn: (recorder: Recorder) => T): T {
  const backend = nodeBackend();
  const real = backend.binding;
  const tensors = new Map<number, RecordedTensor>();
  const ownData = new WeakSet<DataId>();
  let nextId = FIRST_RECORDED_ID;
  let waitFor: string | null = null;
  const replayed = new Set<string>();

  const remember = (tensor: RecordedTensor): number => {
    tensors.set(nextId, tensor);
    return nextId++;
  };
  const metadata = (id: number): TensorMetadata => {
    const { shape, dtype } = tensors.get(id) as RecordedTensor;
    return { id, shape: [...shape], dtype };
  };
  const sourceOf = (id: number): string => {
    const tensor = tensors.get(id);
    if (tensor === undefined) throw new LlavaError('internal', `Recording '${name}': tensor ${id} is unknown.`);
    tensor.source ??= graph.constant({
      dtype: tensor.dtype,
      shape: tensor.shape,
      values: tensor.values as TensorValues,
    });
    return tensor.source;
  };

  /** Inside `after`, nodes whose inputs all come from outside wait for the tensor; the rest follow from them. */
  const controls = (inputs: readonly string[]): string[] =>
    waitFor === null || inputs.some((input) => replayed.has(input.split(':')[0] as string)) ? [] : [`^${waitFor}`];

  const executeOp: Binding['executeOp'] = (op, attributes, inputIds, outputs) => {
    const inputs = inputIds.map((id) => tensors.get(id) as RecordedTensor);
    const sources = inputIds.map(sourceOf);
    const byName = Object.fromEntries(attributes.map((attribute) => [attribute.name, attribute.value]));
    const shapes =
      inferShapes(op, inputs, byName, outputs) ?? learnShapesByRunning(real, { op, attributes, inputs, outputs });
    if (changesNothing(op, inputs[0], shapes[0]))
      return [metadata(remember({ ...(inputs[0] as RecordedTensor), source: sources[0] as string }))];
    const attr: Record<string, AttributeValue> = {};
    for (const attribute of attributes) attr[attribute.name] = attributeValue(attribute, real);
    if (op === 'ExpandDims') Object.assign(attr, { T: typeValue(inputs[0]?.dtype ?? 0), Tdim: typeValue(DT_INT32) }); // tfjs leaves them to eager mode
    const node = graph.add(op, [...sources, ...controls(sources)], attr);
    if (waitFor !== null) replayed.add(node);
    if (op === 'BatchMatMulV2' && shapes[0] !== undefined && shapes[0].shape.length > 2)
      graph.products.set(node, shapes[0].shape);
    return shapes.map(({ dtype, shape }, output) =>
      metadata(remember({ dtype, shape, source: output === 0 ? node : `${node}:${output}` })),
    );
  };

  const recordingBinding: Binding = {
    ...constantsOf(real),
    executeOp,
    createTensor: (shape, dtype, values) => remember({ dtype, shape: [...shape], values, source: null }),
    deleteTensor: (id) => {
      if (id < FIRST_RECORDED_ID) real.deleteTensor(id);
    },
    tensorDataSync: (id) => {
      const values = tensors.get(id)?.values;
      if (values !== undefined) return values;
      throw new LlavaError(
        'bad-input',
        `Function '${name}' reads the value of a tensor while it is recorded. Return the tensor and read it from the result of run().`,
      );
    },
    loadSavedModel: refuse(name, 'loads a model'),
    deleteSavedModel: refuse(name, 'deletes a model'),
    runSavedModel: refuse(name, 'runs a program'),
    isUsingGpuDevice: () => real.isUsingGpuDevice(),
  };

  const recorder: Recorder = {
    symbol: (source, { shape, dtype }) => {
      const id = remember({ dtype: typeNumber(dtype ?? 'float32'), shape: [...shape], source });
      const tensor = backend.createOutputTensor(metadata(id));
      ownData.add(tensor.dataId);
      return tensor;
    },
    source: (tensor) => {
      const [id] = backend.getInputTensorIds([tensor]) as [number];
      return sourceOf(id);
    },
    after: (tensor, run) => {
      const outer = waitFor;
      waitFor = recorder.source(tensor).split(':')[0] as string;
      try {
        return run();
      } finally {
        waitFor = outer;
      }
    },
  };

  const patched = patchBackend(name, recordingBinding, ownData);
  tf.engine().startScope();
  try {
    return whileRecording(recorder, () => fn(recorder));
  } finally {
    tf.engine().endScope();
    patched.restore();
  }
}

/** A cast to the same type and a reshape to the same shape: tfjs emits many of them. */
function changesNothing(op: string, input: SymbolicTensor | undefined, output: SymbolicTensor | undefined): boolean {
  if (input === undefined || output === undefined || (op !== 'Cast' && op !== 'Reshape')) return false;
  const sameShape =
    input.shape.length === output.shape.length && input.shape.every((size, axis) => size === output.shape[axis]);
  return sameShape && input.dtype === output.dtype;
}

/**
 * Puts the recording binding into the backend, and watches which tensors are made inside,
 * so that a tensor made outside is refused instead of becoming a constant.
 */
function patchBackend(name: string, binding: Binding, ownData: WeakSet<DataId>): { restore(): void } {
  const backend = nodeBackend();
  const original = {
    binding: backend.binding,
    move: backend.move,
    ids: backend.getInputTensorIds,
    output: backend.createOutputTensor,
  };
  backend.binding = binding;
  backend.move = (dataId, ...rest) => {
    ownData.add(dataId);
    original.move.call(backend, dataId, ...rest);
  };
  backend.createOutputTensor = (output) => {
    const tensor = original.output.call(backend, output);
    ownData.add(tensor.dataId);
    return tensor;
  };
  backend.getInputTensorIds = (inputs) => {
    for (const tensor of inputs) if ('dataId' in tensor && !ownData.has(tensor.dataId)) refuseCaptured(name, tensor); // tfjs's Int64Scalar has none
    return original.ids.call(backend, inputs);
  };
  return {
    restore() {
      backend.binding = original.binding;
      backend.move = original.move;
      backend.getInputTensorIds = original.ids;
      backend.createOutputTensor = original.output;
    },
  };
}

function refuseCaptured(name: string, tensor: Tensor): never {
  const label = (tensor as { name?: string }).name ?? `tensor ${tensor.id}`;
  throw new LlavaError(
    'bad-input',
    `Function '${name}' uses '${label}' (${tensor.dtype} [${tensor.shape.join(', ')}]), which was made outside of it. Declare it as an input or a variable, or make it inside.`,
  );
}

function refuse(name: string, what: string): () => never {
  return () => {
    throw new LlavaError('bad-input', `Function '${name}' ${what} while it is recorded.`);
  };
}

/** The addon's numeric constants (its functions are not writable, so the recording binding is a plain object). */
function constantsOf(binding: Binding): Binding {
  const numbers = Object.getOwnPropertyNames(binding).filter(
    (key) => typeof binding[key as keyof Binding] === 'number',
  );
  return Object.fromEntries(numbers.map((key) => [key, binding[key as keyof Binding]])) as unknown as Binding;
}
