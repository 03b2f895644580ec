import { ServerCredentials, Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { LlavaError, errorLine } from '@llava-ts/telemetry';
import { shutDown } from './listen.js';

/** What can be asked for: the process itself, and whether it takes work. */
export type HealthService = 'live' | 'ready';

/** `grpc.health.v1` on a port of its own, in plaintext, because probes of Kubernetes cannot do mTLS. It tells nothing but up or down. */
export interface HealthServer {
  /** The bound port. */
  readonly port: number;
  set(service: HealthService, serving: boolean): void;
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 200;

/** Starts the health server. The empty service name answers as `ready`. Port 0 takes any free one. */
export async function startHealthServer(host: string, port: number): Promise<HealthServer> {
  const health = new HealthImplementation({ '': 'NOT_SERVING', live: 'SERVING', ready: 'NOT_SERVING' });
  const server = new Server({ 'grpc.enable_channelz': 0 });
  health.addToServer(server);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, value) => {
      if (error === null) resolve(value);
      else reject(new LlavaError('unavailable', `health port ${host}:${port}: ${errorLine(error)}`, { cause: error }));
    });
  });
  return {
    port: bound,
    set(service, serving) {
      const status = serving ? 'SERVING' : 'NOT_SERVING';
      health.setStatus(service, status);
      if (service === 'ready') health.setStatus('', status);
    },
    close: () => shutDown(server, CLOSE_GRACE_MS),
  };
}
