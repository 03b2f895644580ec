import { expect, it } from 'vitest';
import { COLUMNS } from '../view/step-series.js';
import type { StepRow } from '../view/step-series.js';
import { createRunStore } from './run-store.js';

const step = (stage: number, number: number, loss = 1): StepRow => ({
  ...(Object.fromEntries(COLUMNS.map((name) => [name, 0])) as StepRow),
  stage,
  step: number,
  loss,
});

it('a step that is told twice stands once', () => {
  const store = createRunStore();
  for (const row of [step(0, 0), step(0, 1), step(0, 0), step(0, 1)]) store.addStep(row);
  expect([store.series.rows, store.revision]).toEqual([2, 0]);
});

it('a run that went back to a snapshot loses the steps after it, and says that the past has changed', () => {
  const store = createRunStore();
  for (const row of [step(0, 0), step(0, 1), step(1, 0), step(1, 1)]) store.addStep(row);
  store.addEvaluation({ row: 3, loss: 1, accuracy: null, samples: [] });
  store.rewind({ stage: 1, step: 0 });
  expect([store.series.rows, store.revision, store.evaluations.length]).toEqual([2, 1, 0]);
  store.addStep(step(1, 0, 0.5));
  expect(Array.from(store.series.column('loss'))).toEqual([1, 1, 0.5]);
});

it('a step with another result takes back what came after it', () => {
  const store = createRunStore();
  for (const row of [step(0, 0), step(0, 1), step(0, 2)]) store.addStep(row);
  store.addStep(step(0, 1, 0.25));
  expect(Array.from(store.series.column('loss'))).toEqual([1, 0.25]);
});

it('places are found by stage and step', () => {
  const store = createRunStore();
  for (const row of [step(0, 0), step(0, 1), step(1, 0)]) store.addStep(row);
  expect([
    store.rowOf({ stage: 0, step: 1 }),
    store.rowOf({ stage: 1, step: 0 }),
    store.rowOf({ stage: 0, step: 2 }),
  ]).toEqual([1, 2, null]);
  expect(store.newest()).toEqual({ stage: 1, step: 0 });
});
