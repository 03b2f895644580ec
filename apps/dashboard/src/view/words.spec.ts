import { expect, it } from 'vitest';
import type { RunView } from './run-view.js';
import { bytes, duration, figure, headline } from './words.js';

const RUN: Pick<RunView, 'stage' | 'stages' | 'state' | 'alerts' | 'etaMs'> = {
  stage: 1,
  stages: [
    { name: 'align', trainable: ['projector'], step: 2180, steps: 2180 },
    { name: 'instruct', trainable: ['projector', 'decoder'], step: 812, steps: 5197 },
  ],
  state: 'running',
  alerts: [],
  etaMs: (3 * 3600 + 12 * 60) * 1000,
};

it('one sentence says where the run stands, how it is and how long it takes', () => {
  expect(headline(RUN)).toBe('Stage 2 of 2, step 812 of 5,197, healthy, 3 h 12 min left');
});

it('a run with an alert is not called healthy', () => {
  const warning = { severity: 'warn', kind: 'straggler', message: '' } as const;
  expect(headline({ ...RUN, alerts: [warning] })).toContain('running with a warning');
  expect(headline({ ...RUN, alerts: [warning, { ...warning, severity: 'error' }] })).toContain('in trouble');
});

it('a run that has ended has no time left', () => {
  expect(headline({ ...RUN, state: 'stopped' })).toBe('Stage 2 of 2, step 812 of 5,197, stopped before its end');
});

it('numbers are short and have their unit', () => {
  expect([duration(8000), duration(125_000), duration(11_520_000), duration(190_000_000)]).toEqual([
    '8 s',
    '2 min 05 s',
    '3 h 12 min',
    '2 d 4 h',
  ]);
  expect([bytes(12), bytes(1500), bytes(853e6), bytes(1.2e9)]).toEqual(['12 B', '1.5 kB', '853 MB', '1.2 GB']);
  expect([figure(0.000012345), figure(0.24467), figure(5197.4), figure(NaN)]).toEqual([
    '1.23e-5',
    '0.2447',
    '5,197',
    '–',
  ]);
});
