import { PROTOCOL_VERSION, type FingerprintInput } from '@llava-ts/protos';
import { LlavaError, silentLogger, type Logger } from '@llava-ts/telemetry';
import type { GradientExchange, RunConfig } from '@llava-ts/trainer';
import { randomUUID } from 'node:crypto';
import { configDigest } from '../wire/digest.js';
import type { TlsFiles } from '../wire/tls-files.js';
import type { RetryOptions } from './backoff.js';
import { createChannels } from './channels.js';
import { createLanes } from './lanes.js';
import { createMembership } from './membership.js';
import { createTransfer } from './transfer.js';

/** What a worker proves about itself before it gets work. */
export interface WorkerFingerprint {
  /** Digest of the weights that stay frozen in all stages; equal weights must give equal strings. */
  readonly frozenDigest: string;
  /** What computes, e.g. `tfjs-node-gpu 4.22.0, tensorflow 2.21.0`. */
  readonly engineVersion: string;
}

/** Settings of a connection. */
export interface ConnectOptions {
  /** `host:port` of the coordinator. */
  readonly address: string;
  /** Shown to people; unique among the run's living workers. */
  readonly workerName: string;
  /** Asked for when the first work is wanted: by then the worker has loaded what the configuration names. */
  readonly fingerprint: () => WorkerFingerprint | Promise<WorkerFingerprint>;
  /** Checks the configuration that the server sends; throws when it cannot be used. Trusts it by default. */
  readonly parseConfig?: (json: unknown) => RunConfig;
  /** The configuration that the server must have, when the worker was given one. */
  readonly expectedConfig?: RunConfig;
  readonly logger?: Logger;
  /** The worker's certificate and whom it trusts; plaintext when absent. */
  readonly tls?: TlsFiles;
  /** The run token, where the server asks for one. */
  readonly token?: string;
  /** Unique to this process; random by default. */
  readonly incarnation?: string;
  /** How long an unreachable server is waited for; 5 minutes by default. */
  readonly patienceMs?: number;
  /** Gives up joining and joining again. Calls that take a signal have their own. */
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly random?: () => number;
}

const DEFAULT_PATIENCE_MS = 300_000;
const LEAST_CALL_DEADLINE_MS = 10_000;

/**
 * The exchange over gRPC, seen from a worker: `GradientExchange` with a parameter server at the other end. Nothing is sent before `join`.
 * It reconnects on its own, with pauses, for `patienceMs`; what the server refuses for good is thrown from the call that waits.
 */
export function connectExchange(options: ConnectOptions): GradientExchange {
  const { address, workerName, expectedConfig, logger = silentLogger, patienceMs = DEFAULT_PATIENCE_MS } = options;
  const { now = () => performance.now(), random = Math.random, incarnation = randomUUID() } = options;
  const entry = { tls: options.tls ?? null, token: options.token ?? null };
  const channels = createChannels(address, entry);
  const lanes = createLanes({ address, ...entry, logger });
  const retry = (what: string, retryable: RetryOptions['retryable'], signal?: AbortSignal): RetryOptions => ({
    what: `${what} ${address}`,
    patienceMs,
    retryable,
    logger,
    now,
    random,
    signal: AbortSignal.any([signal, options.signal].filter((given) => given !== undefined)),
  });
  const expectedConfigDigest = expectedConfig === undefined ? '' : configDigest(expectedConfig);
  const membership = createMembership({
    channels,
    address,
    workerName,
    incarnation,
    expectedConfigDigest,
    retry,
    logger,
    now,
  });
  let config: RunConfig | null = null;
  let fingerprint: FingerprintInput | null = null;
  const deadlineMs = (): number => Math.max(LEAST_CALL_DEADLINE_MS, config?.exchange.leaseTimeoutMs ?? 0);
  const encoding = (): 'float32' | 'bfloat16' => config?.exchange.gradientEncoding ?? 'float32';
  const transfer = createTransfer({ channels, lanes, membership, address, retry, deadlineMs, encoding });

  async function prove(): Promise<FingerprintInput> {
    const { configDigest: digest } = membership.current().reply;
    fingerprint ??= { protocolVersion: PROTOCOL_VERSION, configDigest: digest, ...(await options.fingerprint()) };
    return fingerprint;
  }

  return {
    async join() {
      const { reply } = await membership.join();
      config = readConfig(reply.configJson, options);
      return { runId: reply.runId, config, stage: reply.stage };
    },
    async next(signal) {
      const proof = await prove();
      membership.setPhase('WAITING');
      const assignment = await membership.next(proof, signal);
      if (assignment.kind === 'stage') membership.setPhase('LOADING');
      return assignment;
    },
    async pull(want, signal) {
      membership.setPhase('PULLING');
      const parameters = await transfer.pull(want, signal);
      membership.setPhase('COMPUTING');
      return parameters;
    },
    push(result, signal) {
      membership.setPhase('PUSHING');
      return transfer.push(result, signal);
    },
    async leave(reason) {
      await membership.leave(reason);
      lanes.close();
      channels.close();
    },
  };
}

function readConfig(text: string, { parseConfig, address }: ConnectOptions): RunConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new LlavaError('corrupt', `${address}: the run configuration that came is not JSON`, { cause: error });
  }
  return parseConfig === undefined ? (json as RunConfig) : parseConfig(json);
}
