import type { EvaluationView, EventView } from '../view/run-view.js';
import { createStepSeries } from '../view/step-series.js';
import type { StepRow, StepSeries } from '../view/step-series.js';

/** A place in a run: both from 0. */
export interface StepPlace {
  readonly stage: number;
  readonly step: number;
}

/** What is known of a run's past, from wherever it came: adding what is known already changes nothing. */
export interface RunStore {
  readonly series: StepSeries;
  readonly events: readonly EventView[];
  readonly evaluations: readonly EvaluationView[];
  /** Grows whenever known rows were taken back. */
  readonly revision: number;
  /** Adds a step; one at or before the newest takes back what came after it, for a run repeats a step only when it went back. */
  addStep(row: StepRow): void;
  /** Takes back all steps from this one on. */
  rewind(next: StepPlace): void;
  /** Place of the newest step; null when there is none. */
  newest(): StepPlace | null;
  /** Row of a step; null when it is not known. */
  rowOf(place: StepPlace): number | null;
  /** Steps that a stage has, by stage, as far as they are known. */
  readonly stageSteps: Map<number, number>;
  addEvent(event: EventView): void;
  addEvaluation(evaluation: EvaluationView): void;
}

/** Events beyond these are forgotten, the oldest first. */
const MOST_EVENTS = 5000;

/** Creates an empty store. */
export function createRunStore(): RunStore {
  const series = createStepSeries();
  const events: EventView[] = [];
  const evaluations: EvaluationView[] = [];
  let revision = 0;

  const isBefore = (row: number, { stage, step }: StepPlace): boolean => {
    const atStage = series.column('stage')[row] as number;
    return atStage < stage || (atStage === stage && (series.column('step')[row] as number) < step);
  };
  /** The first row that is not before the place. */
  const find = (place: StepPlace): number => {
    let low = 0;
    let high = series.rows;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(middle, place)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const rewind = (next: StepPlace): void => {
    const row = find(next);
    if (row >= series.rows) return;
    series.cut(row);
    while ((evaluations.at(-1)?.row ?? -1) >= row) evaluations.pop();
    revision += 1;
  };
  return {
    series,
    events,
    evaluations,
    stageSteps: new Map(),
    get revision() {
      return revision;
    },
    rewind,
    addStep(row) {
      const known = find(row);
      if (known < series.rows && isSame(series, known, row)) return;
      rewind(row);
      series.append(row);
    },
    newest() {
      if (series.rows === 0) return null;
      const last = series.rows - 1;
      return { stage: series.column('stage')[last] as number, step: series.column('step')[last] as number };
    },
    rowOf(place) {
      const row = find(place);
      const there = series.column('stage')[row] === place.stage && series.column('step')[row] === place.step;
      return there ? row : null;
    },
    addEvent(event) {
      events.push(event);
      if (events.length > MOST_EVENTS) events.shift();
    },
    addEvaluation(evaluation) {
      while ((evaluations.at(-1)?.row ?? -1) >= evaluation.row) evaluations.pop();
      evaluations.push(evaluation);
    },
  };
}

/** The same step with the same result: a repetition of what is known. */
function isSame(series: StepSeries, row: number, step: StepRow): boolean {
  return (['stage', 'step', 'loss'] as const).every((name) => Object.is(series.column(name)[row], step[name]));
}
