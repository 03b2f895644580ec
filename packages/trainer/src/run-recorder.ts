import { join } from 'node:path';
import { writeAtomic } from '@llava-ts/checkpoint';
import type { SnapshotOptions } from '@llava-ts/checkpoint';
import { appendMetrics, openMetrics, readMetrics } from './metrics-file.js';
import type { StepRecord, StepTimes } from './metrics-file.js';
import type { OpenRun } from './open-run.js';
import { snapshotName, writeRunSnapshot } from './run-snapshot.js';
import type { RunSnapshot } from './run-state.js';
import type { RunPosition } from './step-ledger.js';
import type { StepFacts } from './step-update.js';

/** Writes what a run leaves in its output folder: `config.json`, `metrics.jsonl` and `snapshots/`. */
export interface RunRecorder {
  /** Records an applied step; takes a snapshot when one is due: every so many steps, and at the end of a stage. */
  step(facts: StepFacts, at: StepBoundary): Promise<StepRecord>;
  /** Takes a snapshot now, unless the last one is of the same position. */
  save(snapshot: RunSnapshot): Promise<void>;
  /** The records of all applied steps, oldest first. */
  history(): Promise<StepRecord[]>;
  /** The last snapshot that was written since the start. */
  lastSaved(): SavedSnapshot | null;
  /** Why the last snapshot that was due could not be written; null when there is none such since. */
  saveFailure(): unknown;
}

/** A step boundary as a recorder needs it. */
export interface StepBoundary {
  /** The state there. */
  readonly boundary: () => RunSnapshot;
  /** Where the step's time went. */
  readonly times: StepTimes;
}

/** A snapshot that was written. */
export interface SavedSnapshot {
  readonly position: RunPosition;
  readonly name: string;
  /** Time of day, milliseconds since 1970. */
  readonly unixMs: number;
  /** How long it took. */
  readonly ms: number;
}

/** Settings of a recorder. */
export interface RunRecorderOptions {
  readonly outDir: string;
  readonly runId: string;
  readonly run: OpenRun;
  readonly resumed?: RunSnapshot;
  readonly now: () => number;
  /** Time of day, milliseconds since 1970. */
  readonly unixMs?: () => number;
  /** Number of shards, this one (the first) included; 1 unless given. */
  readonly shards?: number;
  /** Has the other shards write their parts of a snapshot. */
  readonly addFiles?: SnapshotOptions['addFiles'];
  /** A snapshot that was due could not be written. Training goes on when this is given, and the next one is tried; by default it ends. */
  readonly onSaveFailed?: (error: unknown) => void;
}

/** The folder of a run's snapshots. */
export function snapshotsFolder(outDir: string): string {
  return join(outDir, 'snapshots');
}

/** Creates the recorder of a run and begins its files. */
export async function createRunRecorder({
  outDir,
  runId,
  run,
  resumed,
  now,
  unixMs = Date.now,
  shards = 1,
  addFiles,
  onSaveFailed,
}: RunRecorderOptions): Promise<RunRecorder> {
  const metrics = join(outDir, 'metrics.jsonl');
  let lastSaved = resumed?.position ?? null;
  let lastStepAt = now();
  /** Losses of the stage since the snapshot before. */
  let losses: number[] = [];
  let saved: SavedSnapshot | null = null;
  let failure: unknown = null;
  await writeAtomic(join(outDir, 'config.json'), `${JSON.stringify(run.config, null, 2)}\n`);
  await openMetrics(metrics, run.config, resumed?.position ?? { stage: 0, step: 0 });

  async function save(snapshot: RunSnapshot): Promise<void> {
    const { stage, step } = snapshot.position;
    if (lastSaved?.stage === stage && lastSaved.step === step) return;
    const startedMs = now();
    const loss = losses.length === 0 ? {} : { loss: losses.reduce((sum, one) => sum + one, 0) / losses.length };
    await writeRunSnapshot(snapshotsFolder(outDir), run, {
      snapshot,
      runId,
      shards,
      ...loss,
      ...(addFiles && { addFiles }),
    });
    lastSaved = snapshot.position;
    losses = [];
    failure = null;
    saved = {
      position: snapshot.position,
      name: snapshotName(run, snapshot.position),
      unixMs: unixMs(),
      ms: Math.round(now() - startedMs),
    };
  }
  return {
    save,
    history: () => readMetrics(metrics),
    lastSaved: () => saved,
    saveFailure: () => failure,
    async step(facts, { boundary, times }) {
      const record = { ...facts, ms: Math.round(now() - lastStepAt), unixMs: unixMs(), ...rounded(times) };
      lastStepAt = now();
      losses.push(facts.loss);
      await appendMetrics(metrics, record);
      const due = facts.step % run.config.train.snapshotEverySteps === 0 || facts.step === facts.steps;
      const last = facts.step === facts.steps && facts.stage === run.config.stages.at(-1)?.name;
      if (due)
        await save(boundary()).catch((error: unknown) => {
          if (onSaveFailed === undefined || last) throw error;
          failure = error;
          onSaveFailed(error);
        });
      return record;
    },
  };
}

function rounded({ timings, applyMs }: StepTimes): StepTimes {
  const round = (ms: number): number => Math.round(ms * 10) / 10;
  const entries = Object.entries(timings).map(([name, ms]) => [name, round(ms)] as const);
  return { timings: Object.fromEntries(entries), applyMs: round(applyMs) };
}
