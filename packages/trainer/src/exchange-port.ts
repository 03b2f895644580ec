import type { RunConfig } from './run-config.js';

/** Which slice of work: the key of every grant, push and account. */
export interface LeaseId {
  /** Index in the run's stages. */
  readonly stage: number;
  /** Step within the stage, from 0. */
  readonly step: number;
  /** Slice of the step's global batch, from 0. */
  readonly lease: number;
}

/** A granted slice: the samples at positions `[first, first + count)` of the stage's order. */
export interface Lease extends LeaseId {
  /** The version of the learning parameters that the gradients must be taken at: the number of applied steps of the stage. */
  readonly version: number;
  readonly first: number;
  readonly count: number;
}

/** What a worker is to do next: compute a lease, get ready for another stage, or end. */
export type Assignment =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'done' };

/** What a computed lease is worth: sums over its label tokens, so that leases add up to the global batch whatever their sizes. */
export interface LeaseResult {
  readonly lease: Lease;
  /** Per learning parameter the sum over label tokens of dloss/dp, float32, not divided by anything. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly labelTokens: number;
  /** Sum of the losses of the label tokens. */
  readonly lossSum: number;
  /** Tokens without padding, with and without label. */
  readonly tokens?: number;
  /** Samples that were cut at the longest length. */
  readonly truncatedSamples?: number;
  /** Samples that count nothing, because they are wrong and the stage says `onBadSample: skip`. */
  readonly skippedSamples?: number;
  /** Milliseconds by name: `data`, `compute`, ... */
  readonly timings: Readonly<Record<string, number>>;
}

/** What became of a pushed result. A `duplicate` was computed by somebody else first, a `stale` one belongs to a step that is over. */
export type PushOutcome = 'accepted' | 'duplicate' | 'stale';

/** What a worker is told when it joins. */
export interface RunDescription {
  readonly runId: string;
  readonly config: RunConfig;
  /** Index of the stage to get ready for; the number of stages when the run is over. */
  readonly stage: number;
}

/** Which parameters a worker wants, and which version of the same stage it already has. */
export interface PullRequest {
  readonly stage: number;
  readonly version: number;
  readonly have: number | null;
}

/**
 * The port between a worker and whoever holds the learning parameters: one instance per worker.
 * In one process it is `createLocalExchange`, between processes the gRPC client of `@llava-ts/exchange`; both must behave alike.
 */
export interface GradientExchange {
  join(): Promise<RunDescription>;
  /**
   * Waits for work. While it waits, and while the worker computes, the implementation keeps the worker's leases alive.
   * @throws {LlavaError} `cancelled` when `signal` aborts, `unavailable` when the other side is gone for good.
   */
  next(signal?: AbortSignal): Promise<Assignment>;
  /**
   * The learning parameters at a version: canonical path to float32 values. Empty when `have === version`. The arrays are used again: they are valid
   * until the second later pull of the same table of tensors (in one process they are the living values, valid until the next step is applied).
   * @throws {LlavaError} `refused` when that version is not the current one any more: ask for the next assignment.
   */
  pull(want: PullRequest, signal?: AbortSignal): Promise<ReadonlyMap<string, Float32Array>>;
  /**
   * Hands in a result. Its gradients belong to the exchange from here on and may change: in one process they become the sum.
   * @throws {LlavaError} `bad-input` when it names other tensors or shapes, or holds a number that is not finite, and nothing was changed.
   */
  push(result: LeaseResult, signal?: AbortSignal): Promise<PushOutcome>;
  /** Gives back unfinished leases and says why. */
  leave(reason: string): Promise<void>;
}
