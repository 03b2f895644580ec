import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { LlavaError } from '@llava-ts/telemetry';
import type { Logger, ProgressListener } from '@llava-ts/telemetry';
import { exportModel } from './export-model.js';
import { createLocalExchange } from './local-exchange.js';
import type { StepRecord } from './metrics-file.js';
import { createModelHost } from './model-host.js';
import { openRun } from './open-run.js';
import type { RunConfig } from './run-config.js';
import { createRunRecorder, snapshotsFolder } from './run-recorder.js';
import { readRunSnapshot } from './run-snapshot.js';
import type { RunPosition } from './step-ledger.js';
import { runWorker } from './worker.js';
import type { WorkerReport } from './worker.js';

/** Settings of a training run in this process. */
export interface TrainOptions {
  readonly config: RunConfig;
  /** Receives `config.json`, `metrics.jsonl`, `snapshots/` and, at the end, `model/`. */
  readonly outDir: string;
  /** Folder for derived files, e.g. composed scenes. */
  readonly cacheDir: string;
  /** A snapshot to go on from: its name, or `latest`; null to begin. */
  readonly resume?: string | null;
  /** Ends the run after a snapshot of the last applied step. */
  readonly signal?: AbortSignal;
  readonly onStep?: (record: StepRecord) => void;
  readonly onProgress?: ProgressListener;
  readonly logger?: Logger;
}

/** What a run came to. */
export interface TrainReport {
  readonly ended: WorkerReport['ended'];
  /** The last applied step. */
  readonly position: RunPosition;
  readonly timings: WorkerReport['timings'];
  /** The exported model's folder; null when the run was cancelled. */
  readonly modelDir: string | null;
}

/**
 * Trains all stages of a run, one after the other, in this process (compute in a thread of its own).
 * @throws {LlavaError} what reading models, data and snapshots throws, and what a wrong sample or picture throws; nothing half-written is left
 */
export async function train(options: TrainOptions): Promise<TrainReport> {
  const { config, outDir, cacheDir, signal, onStep, onProgress, logger } = options;
  const run = await openRun(config, { cacheDir, ...(onProgress && { onProgress }) });
  const stored = options.resume
    ? await readRunSnapshot(snapshotsFolder(outDir), run, { name: options.resume, ...(logger && { logger }) })
    : null;
  const runId = stored?.runId ?? randomUUID();
  const common = { runId, run, now: () => performance.now(), ...(stored && { resumed: stored.snapshot }) };
  const recorder = await createRunRecorder({ ...common, outDir });
  const local = createLocalExchange({
    ...common,
    onStep: async (facts, at) => {
      const record = await recorder.step(facts, at);
      onStep?.(record);
      onProgress?.({
        task: `stage ${record.stage}`,
        done: record.step,
        total: record.steps,
        unit: 'steps',
        note: `loss ${record.loss.toFixed(3)}`,
      });
    },
  });
  const host = createModelHost({ cacheDir, ...(onProgress && { onProgress }) });
  try {
    const { ended, timings } = await runWorker(local.exchange('local'), host, signal ? { signal } : {});
    const last = local.snapshot();
    await recorder.save(last);
    const modelDir = ended === 'done' ? join(outDir, 'model') : null;
    if (modelDir !== null) await exportModel(modelDir, config, last.parameters);
    return { ended, position: last.position, timings, modelDir };
  } catch (error) {
    if (error instanceof LlavaError) throw error;
    throw new LlavaError('internal', `training failed: ${String(error)}`, { cause: error });
  } finally {
    await host.close();
  }
}
