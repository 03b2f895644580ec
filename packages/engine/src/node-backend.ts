import { LlavaError } from '@llava-ts/telemetry';
import * as tf from '@tensorflow/tfjs-core';
import type { DataId, Tensor } from '@tensorflow/tfjs-core';

/** One attribute of a TensorFlow op, as tfjs-node hands it to the addon. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What the addon says about a tensor that it holds. `dtype` is TensorFlow's enum. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of tfjs-node's addon that the engine uses: the door through which every op passes. */
export interface Binding {
  createTensor(shape: number[], dtype: number, values: TensorValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): TensorValues;
  executeOp(name: string, attributes: OpAttribute[], inputIds: number[], outputs: number): TensorMetadata[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputIds: number[], inputNames: string, outputNames: string): TensorMetadata[];
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

/** Host values of a tensor. */
export type TensorValues = Float32Array | Int32Array | Uint8Array;

/** tfjs-node's backend: the part that the engine uses. */
export interface NodeBackend {
  binding: Binding;
  readonly tensorMap: {
    get(dataId: DataId): { shape: number[]; dtype: number; id: number; values: TensorValues | null };
  };
  getInputTensorIds(tensors: Tensor[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tensor;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: Tensor[]): Tensor;
  executeMultipleOutputs(name: string, attributes: OpAttribute[], inputs: Tensor[], outputs: number): Tensor[];
  move(dataId: DataId, values: TensorValues, shape: number[], dtype: string, refCount: number): void;
}

/**
 * The loaded backend, for code that runs after `loadTensorflow()`.
 * @throws LlavaError `unavailable` when TensorFlow has not been loaded in this thread
 */
export function nodeBackend(): NodeBackend {
  const backend: unknown = tf.findBackend('tensorflow');
  if (backend === null || backend === undefined) {
    throw new LlavaError(
      'unavailable',
      "TensorFlow is not loaded in this thread. Call 'await loadTensorflow()' first.",
    );
  }
  return backend as NodeBackend;
}
