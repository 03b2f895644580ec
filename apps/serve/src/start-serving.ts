import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, resolve } from 'node:path';
import { LlavaError, errorLine, silentLogger } from '@llava-ts/telemetry';
import type { Logger } from '@llava-ts/telemetry';
import type { Desk } from './answering.js';
import { createBatcher } from './batching/batcher.js';
import { handleRequest } from './http/routes.js';
import { createServeMetrics } from './metrics.js';
import { openAssistant } from './model/assistant.js';
import { startRpc } from './rpc/start-rpc.js';
import type { RpcServer } from './rpc/start-rpc.js';

/** What is served, and within which limits. */
export interface ServingOptions {
  /** Folder of a model. */
  readonly folder: string;
  /** What callers call it; the folder's name by default. */
  readonly name?: string;
  readonly host?: string;
  /** 0 takes any free one. */
  readonly port?: number;
  /** That callers must know; needed where others than this machine can reach the server. */
  readonly apiKey?: string;
  /** `host:port` of the gRPC service; none when absent. */
  readonly grpc?: string;
  /** Requests that are answered together. */
  readonly maxBatch?: number;
  /** Requests that may wait; more are refused with 429. */
  readonly maxQueue?: number;
  readonly maxBodyBytes?: number;
  /** Pictures per request. */
  readonly maxImages?: number;
  readonly allowHttpImages?: boolean;
  /** Longest answer. */
  readonly maxNewTokens?: number;
  /** Room for words in a prompt, beside the pictures. */
  readonly wordTokens?: number;
  readonly requestTimeoutMs?: number;
  readonly precision?: 'float32' | 'bfloat16';
  readonly logger?: Logger;
}

/** A running server. */
export interface Serving {
  /** Of the OpenAI interface, without `/v1`. */
  readonly url: string;
  /** `host:port` of the gRPC service, if there is one. */
  readonly grpc: string | null;
  readonly model: string;
  /** Takes no more requests, finishes those it has, and ends. */
  close(): Promise<void>;
}

const GATHER_MS = 3;

/**
 * Loads a model and serves it.
 * @throws LlavaError `refused` for an address that others can reach without a key, `unavailable` when it cannot be bound, else what loading throws
 */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { folder, host = '127.0.0.1', port = 0, apiKey = null, logger = silentLogger } = options;
  for (const reachable of [host, ...(options.grpc === undefined ? [] : [hostOf(options.grpc)])]) {
    if (apiKey === null && !isLoopback(reachable))
      throw new LlavaError(
        'refused',
        `serve on ${reachable}: others can reach it; give --api-key-file or use 127.0.0.1`,
      );
  }
  const now = (): number => performance.now();
  const { maxBatch = 8, maxImages = 4, maxQueue = 64 } = options;
  const assistant = await openAssistant({
    folder,
    batch: maxBatch,
    images: Math.max(maxBatch, maxImages),
    promptImages: maxImages,
    wordTokens: options.wordTokens ?? 512,
    maxNewTokens: options.maxNewTokens ?? 512,
    precision: options.precision ?? 'float32',
  });
  const metrics = createServeMetrics(() => batcher.state());
  const batcher = createBatcher(assistant, {
    maxWaiting: maxQueue,
    gatherMs: GATHER_MS,
    now,
    onBatch: metrics.batch,
  });
  const model = options.name ?? basename(resolve(folder));
  const desk: Desk = {
    model,
    assistant,
    batcher,
    metrics,
    now,
    requestTimeoutMs: options.requestTimeoutMs ?? 300_000,
  };
  let open = true;
  const site = {
    desk,
    apiKey,
    logger,
    open: () => open,
    created: Math.floor(Date.now() / 1000),
    limits: {
      maxBodyBytes: options.maxBodyBytes ?? 32 * 2 ** 20,
      maxImages,
      allowHttpImages: options.allowHttpImages ?? false,
    },
  };
  const server = createServer((request, response) => void handleRequest(site, { request, response }));
  let rpc: RpcServer | null = null;
  try {
    await listen(server, host, port);
    rpc = options.grpc === undefined ? null : await startRpc(options.grpc, { desk, apiKey, limits: site.limits });
  } catch (error) {
    server.close();
    await assistant.close();
    throw error;
  }
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    grpc: rpc?.address ?? null,
    model,
    async close() {
      open = false;
      rpc?.drain();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeIdleConnections();
      await batcher.close();
      const timer = setInterval(() => server.closeIdleConnections(), 50); // answers that are still being written end first
      await closed;
      clearInterval(timer);
      await rpc?.close();
      await assistant.close();
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new LlavaError('unavailable', `serve on ${host}:${port}: ${errorLine(cause)}; is another server there?`, {
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
}

function hostOf(address: string): string {
  const [, host] = /^(.+):\d+$/.exec(address) ?? [];
  if (host !== undefined) return host;
  throw new LlavaError('bad-input', `grpc address '${address}': expected host:port, for example 127.0.0.1:50052`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
