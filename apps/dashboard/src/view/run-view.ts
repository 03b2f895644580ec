/** Where a run stands, in words. `stopped` ended before its last step; `unreachable` is a server that does not answer. */
export type RunState = 'waiting' | 'running' | 'paused' | 'stopping' | 'done' | 'failed' | 'stopped' | 'unreachable';

/** A stage of the run. */
export interface StageView {
  readonly name: string;
  /** What learns in it. */
  readonly trainable: readonly string[];
  /** Steps applied. */
  readonly step: number;
  /** Steps in all; null while unknown. */
  readonly steps: number | null;
}

/** One worker as its heartbeats tell. */
export interface WorkerView {
  readonly name: string;
  readonly phase: string;
  /** Lease that it works on, as `step 12, lease 3`; null when none. */
  readonly lease: string | null;
  readonly heartbeatAgeMs: number;
  readonly device: string;
  readonly residentBytes: number;
  readonly deliveredLeases: number;
  /** Tokens with and without label; 0 while unknown. */
  readonly tokensPerSecond: number;
  /** Share of its time in which it has nothing to compute, 0 to 1. */
  readonly waitingShare: number;
  readonly restarts: number;
  /** False while its session is broken and it may come back. */
  readonly connected: boolean;
  readonly lastError: string;
}

/** One shard of the parameter server. */
export interface ShardView {
  readonly index: number;
  /** Empty for the one in the coordinator's process. */
  readonly address: string;
  readonly connected: boolean;
  readonly parameterBytes: number;
  readonly residentBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Of the last step: norm, clipping and AdamW. */
  readonly applyMs: number;
  /** Pushes that are being received or added. */
  readonly queuedPushes: number;
  /** Its part of the last snapshot; null before there is one. */
  readonly snapshotMs: number | null;
  readonly lastError: string;
}

/** What happened, for the log. */
export interface EventView {
  /** Milliseconds since 1970; 0 when it is not known. */
  readonly atMs: number;
  readonly level: 'info' | 'warn' | 'error';
  /** For machines and filters, e.g. `worker-joined`. */
  readonly kind: string;
  /** One line with the reason. */
  readonly message: string;
  /** Row of the step series at which it happened; null when it has none. */
  readonly row: number | null;
}

/** A question about a held-out picture, as it was answered at some step. */
export interface SampleView {
  readonly image: string;
  readonly question: string;
  readonly truth: string;
  readonly answer: string;
}

/** Measured on held-out data. */
export interface EvaluationView {
  readonly row: number;
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly samples: readonly SampleView[];
}

/** How the data of the stage goes by. */
export interface DataView {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  readonly samplesDone: number;
  readonly samplesTotal: number;
  readonly skippedSamples: number;
  readonly truncatedSamples: number;
  /** Share of all tokens that have a label; null while unknown. */
  readonly supervisedShare: number | null;
}

/** Something that a person should look at, with what to do. */
export interface Alert {
  readonly severity: 'warn' | 'error';
  readonly kind: string;
  readonly message: string;
}

/** All that the page shows about a run, but its steps: they are columns of numbers (step-series.ts). */
export interface RunView {
  readonly id: string;
  readonly name: string;
  readonly preset: string;
  readonly state: RunState;
  /** Index of the stage that is trained. */
  readonly stage: number;
  readonly stages: readonly StageView[];
  /** Milliseconds to the end of the last stage; null while unknown. */
  readonly etaMs: number | null;
  /** Milliseconds since 1970 of the newest news; null for a folder without any. */
  readonly updatedMs: number | null;
  /** Whether a server answers, so that it can be paused and stopped from here. */
  readonly live: boolean;
  /** Why nothing goes on; empty while something does. */
  readonly waitingFor: string;
  /** Rows of steps, counted up; with another `revision` earlier rows are no longer what they were. */
  readonly rows: number;
  readonly revision: number;
  readonly eventCount: number;
  readonly evaluationCount: number;
  readonly minimumWorkers: number;
  readonly workers: readonly WorkerView[];
  readonly shards: readonly ShardView[];
  readonly data: DataView | null;
  /** Snapshots by name, with the row of the step after which each was written. */
  readonly snapshots: readonly { readonly name: string; readonly row: number | null }[];
  readonly pulledBytes: number;
  readonly pushedBytes: number;
  readonly regrantedLeases: number;
  readonly refusedPushes: number;
  readonly lastError: string;
  readonly alerts: readonly Alert[];
}
