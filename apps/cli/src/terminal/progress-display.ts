import type { ProgressListener, ProgressUpdate } from '@llava-ts/telemetry';

import type { CliContext } from '../context.js';
import { formatBytes, formatDuration } from './format.js';

/** Shows the state of long work on standard error. */
export interface ProgressDisplay {
  readonly update: ProgressListener;
  /** Writes a line above the bar. */
  note(line: string): void;
  /** Takes the bar away. */
  close(): void;
}

/** How often a bar is drawn, and a plain line written. */
const DRAW_MS = 100;
const LINE_MS = 5000;
const BAR_CELLS = 24;

/**
 * Creates a display: on a terminal one bar that is drawn over, elsewhere a plain line at the start and the end of each task
 * and every five seconds between. The time that is left is reckoned from the pace of the task so far.
 */
export function createProgressDisplay({ stderr, now }: Pick<CliContext, 'stderr' | 'now'>): ProgressDisplay {
  const terminal = stderr.isTTY === true;
  let task: { name: string; startedMs: number; startedAt: number } | null = null;
  let shownMs = -Infinity;
  let drawn = false;

  function erase(): void {
    if (drawn) stderr.write('\r\u001B[2K');
    drawn = false;
  }

  function show(text: string): void {
    erase();
    if (terminal) stderr.write(text.slice(0, (stderr.columns ?? 100) - 1));
    else stderr.write(`${text}\n`);
    drawn = terminal;
  }

  return {
    update(update) {
      const begins = task?.name !== update.task;
      if (task === null || begins) task = { name: update.task, startedMs: now(), startedAt: update.done };
      const ends = update.done >= update.total;
      if (begins || ends || now() - shownMs >= (terminal ? DRAW_MS : LINE_MS)) {
        shownMs = now();
        show(describe(update, leftMs(update, task, now()), terminal));
      }
      if (ends) {
        if (drawn) stderr.write('\n'); // a finished bar stays
        drawn = false;
        task = null;
      }
    },
    note(line) {
      erase();
      stderr.write(`${line}\n`);
    },
    close: erase,
  };
}

/** Milliseconds until the task is done at its pace so far; null while that is not known. */
function leftMs(
  { done, total }: ProgressUpdate,
  task: { startedMs: number; startedAt: number },
  nowMs: number,
): number | null {
  const gained = done - task.startedAt;
  if (gained <= 0 || done >= total) return null;
  return ((nowMs - task.startedMs) / gained) * (total - done);
}

function describe({ task, done, total, unit, note }: ProgressUpdate, left: number | null, withBar: boolean): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const full = Math.round(share * BAR_CELLS);
  const count = unit === 'bytes' ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done}/${total} ${unit}`;
  const parts = [
    withBar ? `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}` : '',
    `${Math.floor(share * 100)}%`.padStart(4),
    count,
    note ?? '',
    left === null ? '' : `${formatDuration(left)} left`,
  ];
  return `${task}  ${parts.filter((part) => part !== '').join('  ')}`;
}
