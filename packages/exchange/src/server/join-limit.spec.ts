import { expect, test } from 'vitest';
import { createJoinLimit } from './join-limit.js';

test('a burst is let in, a flood is told to come back, and a second later there is room again', () => {
  let nowMs = 0;
  const limit = createJoinLimit(() => nowMs);
  for (let i = 0; i < 50; i++) limit.admit(i);
  expect(() => limit.admit(50)).toThrow('join: more than 50 a second; try again in a second');
  nowMs = 100;
  for (let i = 0; i < 5; i++) limit.admit(50);
  expect(() => limit.admit(50)).toThrow('more than 50 a second');
  nowMs = 60_000;
  for (let i = 0; i < 50; i++) limit.admit(0);
  expect(() => limit.admit(0)).toThrow('more than 50 a second');
});

test('a run that is full says so', () => {
  expect(() => createJoinLimit(() => 0).admit(1025)).toThrow('the run has 1025 workers, at most 1024');
});
