import { appendFile, readFile } from 'node:fs/promises';
import { writeAtomic } from '@llava-ts/checkpoint';
import type { RunConfig } from './run-config.js';
import type { RunPosition } from './step-ledger.js';
import type { StepFacts } from './step-update.js';

/** A line of metrics.jsonl. */
export interface StepRecord extends StepFacts {
  /** Milliseconds since the step before was applied. */
  readonly ms: number;
}

/**
 * Begins a metrics file, or cuts one back to the position that a run goes on from, so that every step has one line.
 */
export async function openMetrics(file: string, config: RunConfig, position: RunPosition): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => isBefore(line, config, position));
  await writeAtomic(file, lines.map((line) => `${line}\n`).join(''));
}

/** Adds a line. */
export function appendMetrics(file: string, record: StepRecord): Promise<void> {
  return appendFile(file, `${JSON.stringify(record)}\n`);
}

function isBefore(line: string, { stages }: RunConfig, position: RunPosition): boolean {
  try {
    const { stage, step } = JSON.parse(line) as StepRecord;
    const index = stages.findIndex(({ name }) => name === stage);
    return index >= 0 && (index < position.stage || (index === position.stage && step <= position.step));
  } catch {
    return false; // empty, or cut short by a kill
  }
}
