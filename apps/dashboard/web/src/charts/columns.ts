import type { EvaluationView, EventView, RunView } from '../../../src/view/run-view.js';
import type { StepSeries } from '../../../src/view/step-series.js';
import { TIME_PARTS } from '../../../src/view/step-series.js';
import type { Mark } from './marks.js';

/** Numbers of the steps over all stages, from 1: `[rows]`. */
export function stepNumbers(series: StepSeries): Float64Array {
  return Float64Array.from({ length: series.rows }, (_, row) => row + 1);
}

/** Per second, smoothed over the durations of neighbouring steps: `[rows]`. */
export function rates(series: StepSeries, amounts: Float64Array, window = 20): Float64Array {
  const ms = series.column('ms');
  const out = new Float64Array(series.rows);
  let amount = 0;
  let time = 0;
  for (let row = 0; row < series.rows; row += 1) {
    amount += amounts[row] || 0;
    time += ms[row] || 0;
    if (row >= window) {
      amount -= amounts[row - window] || 0;
      time -= ms[row - window] || 0;
    }
    out[row] = time > 0 ? (1000 * amount) / time : NaN;
  }
  return out;
}

/** Shares of the step's time by part, stacked: the first is all of them, the last the lowest layer. `[parts][rows]`. */
export function stackedShares(series: StepSeries): Float64Array[] {
  const parts = TIME_PARTS.map((name) => series.column(name));
  const stacked = parts.map(() => new Float64Array(series.rows));
  for (let row = 0; row < series.rows; row += 1) {
    const values = parts.map((column) => column[row] || 0);
    const total = values.reduce((sum, value) => sum + value, 0);
    let rest = total;
    values.forEach((value, index) => {
      (stacked[index] as Float64Array)[row] = total > 0 ? (100 * rest) / total : NaN;
      rest -= value;
    });
  }
  return stacked;
}

/** Values at a few rows, null elsewhere: `[rows]`. */
export function scattered(
  rows: number,
  evaluations: readonly EvaluationView[],
  value: (evaluation: EvaluationView) => number | null,
): (number | null)[] {
  const out = new Array<number | null>(rows).fill(null);
  for (const evaluation of evaluations) if (evaluation.row < rows) out[evaluation.row] = value(evaluation);
  return out;
}

/** What is marked over the steps. */
export function marksOf(run: RunView, series: StepSeries, events: readonly EventView[]): Mark[] {
  const stages = series.column('stage');
  const starts = run.stages.flatMap(({ name }, stage): Mark[] => {
    const row = stages.indexOf(stage);
    return row < 0 ? [] : [{ step: row + 1, kind: 'stage', label: name }];
  });
  const saved = run.snapshots.flatMap(({ name, row }): Mark[] =>
    row === null ? [] : [{ step: row + 1, kind: 'snapshot', label: name }],
  );
  const incidents = events.flatMap(({ level, row, message }): Mark[] =>
    level === 'info' || row === null ? [] : [{ step: row + 1, kind: 'incident', label: message }],
  );
  return [...starts, ...saved, ...incidents];
}
