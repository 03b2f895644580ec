import { appendFile, readFile } from 'node:fs/promises';
import { fileError, writeAtomic } from '@llava-ts/checkpoint';
import type { RunConfig } from './run-config.js';
import type { RunPosition } from './step-ledger.js';
import type { StepFacts } from './step-update.js';

/** A line of metrics.jsonl. */
export interface StepRecord extends StepFacts, Partial<StepTimes> {
  /** Milliseconds since the step before was applied. */
  readonly ms: number;
  /** When it was applied: time of day, milliseconds since 1970. */
  readonly unixMs?: number;
}

/** Where the time of a step went, in milliseconds. */
export interface StepTimes {
  /** Sums over the step's leases, by what the workers did: `data`, `pull`, `compute`, `push`, `wait`. */
  readonly timings: Readonly<Record<string, number>>;
  /** Norm, clipping and AdamW, the slowest shard. */
  readonly applyMs: number;
}

/**
 * Begins a metrics file, or cuts one back to the position that a run goes on from, so that every step has one line.
 */
export async function openMetrics(file: string, config: RunConfig, position: RunPosition): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => isBefore(line, config, position));
  await writeAtomic(file, lines.map((line) => `${line}\n`).join(''));
}

/** The records of a metrics file; a last line that is cut short is left out. */
export async function readMetrics(file: string): Promise<StepRecord[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => parseRecord(line) ?? []);
}

/** Adds a line. */
export async function appendMetrics(file: string, record: StepRecord): Promise<void> {
  try {
    await appendFile(file, `${JSON.stringify(record)}\n`);
  } catch (error) {
    throw fileError(error, file, 'write a line');
  }
}

function isBefore(line: string, { stages }: RunConfig, position: RunPosition): boolean {
  const record = parseRecord(line);
  const index = stages.findIndex(({ name }) => name === record?.stage);
  if (record === null || index < 0) return false;
  return index < position.stage || (index === position.stage && record.step <= position.step);
}

/** Null for a line that is empty or cut short by a kill. */
function parseRecord(line: string): StepRecord | null {
  try {
    return JSON.parse(line) as StepRecord;
  } catch {
    return null;
  }
}
