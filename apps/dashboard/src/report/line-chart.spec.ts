import { expect, it } from 'vitest';
import { lineChart, ticks } from './line-chart.js';

it('ticks are round and inside the range', () => {
  expect(ticks(0, 1, 4)).toEqual([0, 0.5, 1]);
  expect(ticks(0.13, 2.9, 4)).toEqual([1, 2]);
  expect(ticks(1, 875, 6)).toEqual([200, 400, 600, 800]);
});

it('a single peak among many steps is drawn', () => {
  const values = new Float64Array(100_000);
  values[54_321] = 1;
  const svg = lineChart({ title: 'Peak', curves: [{ label: 'a', colour: 'red', values }] });
  expect(svg).toContain(' 8.0L');
  expect(svg.length).toBeLessThan(30_000);
});

it('a gap stays a gap', () => {
  const svg = lineChart({ title: 'Gap', curves: [{ label: 'a', colour: 'red', values: [1, 2, NaN, 3, 4] }] });
  expect(svg.match(/M/g)).toHaveLength(2);
});
