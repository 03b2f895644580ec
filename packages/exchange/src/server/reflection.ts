import { ReflectionService } from '@grpc/reflection';
import type { Server } from '@grpc/grpc-js';
import { loadLlavaDefinition } from '@llava-ts/protos';
import { guarded, type Access } from './access.js';

/** Adds gRPC reflection, so that tools such as grpcurl know the services. Lanes are described too, though not served over gRPC. */
export function addReflection(server: Server, access: Access): void {
  const door: Pick<Server, 'addService'> = {
    addService: (definition, handlers) => server.addService(definition, guarded(access, 'ServerReflection', handlers)),
  };
  new ReflectionService(loadLlavaDefinition()).addToServer(door);
}
