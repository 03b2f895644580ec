import type { ProgressListener, ProgressUpdate } from '@llava-ts/telemetry';
import type { RunConfig, StepRecord } from '@llava-ts/trainer';

/** A run that is to be trained, and who wants to hear about it. */
export interface TrainingRun {
  readonly config: RunConfig;
  /** Receives config.json, metrics.jsonl, snapshots/ and, at the end, model/. */
  readonly outDir: string;
  /** Folder for derived files, e.g. composed scenes. */
  readonly cacheDir: string;
  /** Goes on from the newest snapshot; false by default. */
  readonly resume?: boolean;
  readonly onProgress: ProgressListener;
  readonly onStep?: (record: StepRecord) => void;
  /** Receives warnings, a line each; by default they go to standard error. */
  readonly onNote?: (line: string) => void;
}

/** A run with a parameter server and so many workers. */
export interface DistributedRun extends TrainingRun {
  readonly workers: number;
  /** Processes that the parameters are spread over; 1 unless given. */
  readonly shards?: number;
  /** Mutual TLS and a run token between the processes. */
  readonly tls?: boolean;
  /** The parameter server listens at `host:port`; with TLS, what an operator enters with is in the folder. */
  readonly onServer?: (address: string, tlsDir: string | null) => void;
}

/** What a run has made. */
export interface TrainingOutcome {
  /** The exported model's folder. */
  readonly modelDir: string;
  /** The most memory that any one process held. */
  readonly peakBytes: number;
}

/** What is shown until the first step is applied. */
export const GETTING_READY: ProgressUpdate = {
  task: 'getting ready',
  done: 0,
  total: 1,
  unit: 'models',
  note: 'loading and compiling',
};
