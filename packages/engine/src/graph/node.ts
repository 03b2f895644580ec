import { LlavaError } from '@llava-ts/telemetry';
import type { Binding, OpAttribute } from '../node-backend.js';

/** Values of a constant, and how many bytes each takes in a TensorProto. */
export interface ConstantValue {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** One attribute of a NodeDef, in protobufjs's object form (tensorflow/core/framework/attr_value.proto). */
export type AttributeValue = Readonly<Record<string, unknown>>;

/** One node of a GraphDef. An input is `name`, `name:output` or `^name` (control). */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeValue>>;
}

/** A shape as TensorShapeProto. */
export const shapeProto = (shape: readonly number[]) => ({ dim: shape.map((size) => ({ size })) });

/** A `type` attribute. */
export const typeValue = (type: number): AttributeValue => ({ type });

/** A node that always gives the same tensor. */
export function constantNode(name: string, { dtype, shape, values }: ConstantValue): GraphNode {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    name,
    op: 'Const',
    input: [],
    attr: {
      dtype: typeValue(dtype),
      value: { tensor: { dtype, tensor_shape: shapeProto(shape), tensor_content: bytes } },
    },
  };
}

/** A tfjs-node attribute as a NodeDef attribute. */
export function attributeValue(attribute: OpAttribute, types: Binding): AttributeValue {
  const { type, value } = attribute;
  const list = Array.isArray(value);
  const text = (v: unknown) => Buffer.from(String(v));
  switch (type) {
    case types.TF_ATTR_STRING:
      return list ? { list: { s: value.map(text) } } : { s: text(value) };
    case types.TF_ATTR_INT:
      return list ? { list: { i: value } } : { i: value };
    case types.TF_ATTR_FLOAT:
      return list ? { list: { f: value } } : { f: value };
    case types.TF_ATTR_BOOL:
      return list ? { list: { b: value } } : { b: value };
    case types.TF_ATTR_TYPE:
      return list ? { list: { type: value } } : { type: value };
    case types.TF_ATTR_SHAPE:
      return { shape: shapeProto(value as number[]) };
    default:
      throw new LlavaError(
        'internal',
        `Op attribute '${attribute.name}' has kind ${type}, which the recorder does not know.`,
      );
  }
}
