import { Writable } from 'node:stream';

import { describe, expect, test } from 'vitest';

import { createProgressDisplay } from './progress-display.js';

/** A stream that keeps what is written, and a clock that is set by hand. */
function stage(terminal: boolean) {
  let text = '';
  let nowMs = 0;
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const display = createProgressDisplay({
    stderr: Object.assign(stderr, { isTTY: terminal, columns: 80 }),
    now: () => nowMs,
  });
  const step = (done: number, atMs: number): void => {
    nowMs = atMs;
    display.update({ task: 'stage align', done, total: 100, unit: 'steps', note: `loss ${(10 / done).toFixed(2)}` });
  };
  return { display, step, written: () => text };
}

describe('without a terminal', () => {
  test('a task is told at its start, every five seconds and at its end, a line each', () => {
    const { step, written } = stage(false);
    step(1, 0);
    for (let done = 2; done <= 99; done++) step(done, done * 100);
    step(100, 10_000);
    const lines = written().trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('stage align    1%  1/100 steps  loss 10.00');
    expect(lines[1]).toMatch(/^stage align {2} 50% {2}50\/100 steps {2}loss 0.20 {2}5 s left$/);
    expect(lines[2]).toBe('stage align  100%  100/100 steps  loss 0.10');
  });

  test('no control characters are written', () => {
    const { step, display, written } = stage(false);
    step(1, 0);
    display.note('worker-0: a warning');
    display.close();
    expect(written()).not.toMatch(/[\r\u001B]/);
  });
});

describe('on a terminal', () => {
  test('one line is drawn over and over, and stays when the task is done', () => {
    const { step, written } = stage(true);
    step(10, 0);
    step(50, 1000);
    step(100, 2000);
    expect(written().match(/\n/g)).toHaveLength(1);
    expect(written().endsWith('loss 0.10\n')).toBe(true);
    expect(written()).toContain('1 s left');
  });

  test('a line is never longer than the terminal', () => {
    const { display, written } = stage(true);
    display.update({ task: 'x'.repeat(200), done: 1, total: 2, unit: 'steps' });
    expect(written().length).toBeLessThan(80);
  });

  test('a note is written above the bar', () => {
    const { step, display, written } = stage(true);
    step(10, 0);
    display.note('hello');
    expect(written()).toMatch(/\r\u001B\[2Khello\n$/);
  });
});
