import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { loadLlavaDefinition, loadLlavaV1 } from '@llava-ts/protos';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { HealthImplementation } from 'grpc-health-check';
import { assistantHandlers } from './assistant-service.js';
import type { RpcSite } from './assistant-service.js';

/** A running gRPC server. */
export interface RpcServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  /** Says that no more calls are taken. */
  drain(): void;
  /** Ends once its calls have ended. */
  close(): Promise<void>;
}

const SERVICE = 'llava.v1.Assistant';

/** Starts `llava.v1.Assistant` with `grpc.health.v1` and reflection, in plaintext. @throws LlavaError `unavailable` when the address cannot be bound */
export async function startRpc(address: string, site: RpcSite): Promise<RpcServer> {
  const server = new Server({ 'grpc.max_receive_message_length': site.limits.maxBodyBytes });
  const health = new HealthImplementation({ '': 'SERVING', [SERVICE]: 'SERVING' });
  server.addService(loadLlavaV1().Assistant.service, { ...assistantHandlers(site) });
  health.addToServer(server);
  new ReflectionService(loadLlavaDefinition(), { services: [SERVICE] }).addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new LlavaError('unavailable', `gRPC on ${address}: ${errorLine(error)}`, { cause: error }));
    });
  });
  return {
    address: address.replace(/:\d+$/, `:${port}`),
    drain: () => ['', SERVICE].forEach((name) => health.setStatus(name, 'NOT_SERVING')),
    close: () => new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
  };
}
