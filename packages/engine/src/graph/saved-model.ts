import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import protobuf from 'protobufjs';
import type { GraphNode } from './node.js';

/** The part of TensorFlow's SavedModel format (tensorflow/core/protobuf) that a recorded program needs. */
const SCHEMA = `syntax = "proto3";
message Dim { int64 size = 1; }
message Shape { repeated Dim dim = 2; bool unknown_rank = 3; }
message TensorProto { int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; }
message ListValue {
  repeated bytes s = 2; repeated int64 i = 3; repeated float f = 4;
  repeated bool b = 5; repeated int32 type = 6; repeated Shape shape = 7;
}
message AttrValue {
  oneof value { ListValue list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; Shape shape = 7; TensorProto tensor = 8; }
}
message NodeDef { string name = 1; string op = 2; repeated string input = 3; string device = 4; map<string, AttrValue> attr = 5; }
message VersionDef { int32 producer = 1; int32 min_consumer = 2; }
message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
message MetaInfoDef { repeated string tags = 4; }
message MetaGraphDef { MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; }
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2; }
`;

/** GraphDef version that TensorFlow 2.21 writes; ops are read with their meaning at that version. */
const GRAPH_VERSION = 1882;

export const SERVE_TAG = 'serve';

const schema = protobuf.parse(SCHEMA, { keepCase: true }).root;

/** Encodes nodes as a SavedModel with one meta graph under the tag `serve`. */
export function encodeSavedModel(nodes: readonly GraphNode[]): Uint8Array {
  const graph = { node: nodes, versions: { producer: GRAPH_VERSION } };
  const model = {
    saved_model_schema_version: 1,
    meta_graphs: [{ meta_info_def: { tags: [SERVE_TAG] }, graph_def: graph }],
  };
  return schema.lookupType('SavedModel').encode(model).finish();
}

/** Hands a SavedModel to `load` as a folder on disk, the only form that the addon takes, and removes it again. */
export function withSavedModelFolder<T>(bytes: Uint8Array, load: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'llava-program-'));
  try {
    writeFileSync(path.join(folder, 'saved_model.pb'), bytes);
    return load(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
