import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import type { ProtoGrpcType as AssistantFile } from './gen/assistant.js';
import type { ProtoGrpcType as ControlFile } from './gen/control.js';
import type { ProtoGrpcType as CoordinatorFile } from './gen/coordinator.js';
import type { ProtoGrpcType as LaneFile } from './gen/lane.js';
import type { ProtoGrpcType as ParametersFile } from './gen/parameters.js';
import type { ProtoGrpcType as ShardFile } from './gen/shard.js';
import type { ProtoGrpcType as StatusFile } from './gen/status.js';

/** The version of the protocol that these files describe: `Fingerprint.protocol_version`. */
export const PROTOCOL_VERSION = 1;

/** Services and messages of `llava.v1`, as `@grpc/grpc-js` wants them. */
export type LlavaV1 = (CoordinatorFile &
  ParametersFile &
  StatusFile &
  ControlFile &
  LaneFile &
  AssistantFile &
  ShardFile)['llava']['v1'];

/** The folder that imports in the .proto files are relative to. */
export const protoFolder: string = fileURLToPath(new URL('..', import.meta.url));

/** The .proto files with services, relative to `protoFolder`. */
export const protoFiles: readonly string[] = [
  'coordinator',
  'parameters',
  'status',
  'control',
  'shard',
  'lane',
  'assistant',
].map((name) => `llava/v1/${name}.proto`);

let definition: PackageDefinition | undefined;
let loaded: LlavaV1 | undefined;

/** The .proto files as `@grpc/proto-loader` gives them, read once per process: for reflection. */
export function loadLlavaDefinition(): PackageDefinition {
  definition ??= loadSync([...protoFiles], {
    includeDirs: [protoFolder],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return definition;
}

/** Loads the .proto files, once per process: 64-bit integers as numbers, enums as strings, absent fields as their defaults. */
export function loadLlavaV1(): LlavaV1 {
  if (loaded === undefined) {
    loaded = (loadPackageDefinition(loadLlavaDefinition()) as unknown as { llava: { v1: LlavaV1 } }).llava.v1;
  }
  return loaded;
}
