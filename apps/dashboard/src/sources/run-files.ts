import type { EvaluationView, EventView, SampleView } from '../view/run-view.js';
import type { StepRow } from '../view/step-series.js';
import type { RunStore } from './run-store.js';

type Json = Readonly<Record<string, unknown>>;

/** A step from a line of metrics.jsonl, where steps count from 1 and stages have names; null when the line is none. */
export function parseStep(line: string, stageNames: readonly string[]): (StepRow & { readonly steps: number }) | null {
  const record = parseObject(line);
  const stage = stageNames.indexOf(String(record['stage']));
  const step = number(record['step']) - 1;
  if (stage < 0 || !(step >= 0)) return null;
  const timings = (record['timings'] ?? {}) as Json;
  return {
    stage,
    step,
    steps: number(record['steps']),
    atMs: number(record['unixMs']),
    loss: number(record['loss']),
    gradNorm: number(record['gradNorm']),
    learningRate: number(record['learningRate']),
    labelTokens: number(record['labelTokens']),
    samples: number(record['samples']),
    ms: number(record['ms']),
    dataMs: number(timings['data']),
    pullMs: number(timings['pull']),
    computeMs: number(timings['compute']),
    pushMs: number(timings['push']),
    waitMs: number(timings['wait']),
    applyMs: number(record['applyMs']),
    tokens: number(record['tokens']),
    skippedSamples: number(record['skippedSamples'] ?? 0),
    truncatedSamples: number(record['truncatedSamples'] ?? 0),
  };
}

/** An event from a line of events.jsonl; null when the line is none. */
export function parseEvent(line: string, stageNames: readonly string[], store: RunStore): EventView | null {
  const record = parseObject(line);
  if (typeof record['message'] !== 'string' || typeof record['kind'] !== 'string') return null;
  const level = record['level'];
  return {
    atMs: number(record['unixMs'] ?? 0),
    level: level === 'warn' || level === 'error' ? level : 'info',
    kind: record['kind'],
    message: record['message'],
    row: placeRow(record, stageNames, store),
  };
}

/** A held-out evaluation from a line of evaluations.jsonl; null when the line is none. */
export function parseEvaluation(line: string, stageNames: readonly string[], store: RunStore): EvaluationView | null {
  const record = parseObject(line);
  const row = placeRow(record, stageNames, store);
  if (row === null) return null;
  return {
    row,
    loss: optional(record['loss']),
    accuracy: optional(record['accuracy']),
    samples: (Array.isArray(record['samples']) ? record['samples'] : []) as SampleView[],
  };
}

/** The row of the last step that was applied when the record was written. */
function placeRow(record: Json, stageNames: readonly string[], store: RunStore): number | null {
  const stage = stageNames.indexOf(String(record['stage']));
  return stage < 0 ? null : store.rowOf({ stage, step: Math.max(0, number(record['step']) - 1) });
}

function parseObject(line: string): Json {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {}; // cut short by a kill
  }
}

const number = (value: unknown): number => (typeof value === 'number' ? value : NaN);
const optional = (value: unknown): number | null => (typeof value === 'number' ? value : null);
