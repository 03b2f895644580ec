import type { RunState, RunView } from './run-view.js';

/** What a state is called in the first line of the page. */
const STATE_WORDS: Readonly<Record<RunState, string>> = {
  waiting: 'waiting for workers',
  running: 'healthy',
  paused: 'paused',
  stopping: 'stopping',
  done: 'done',
  failed: 'failed',
  stopped: 'stopped before its end',
  unreachable: 'the server does not answer',
};

/** A count as people write it: `5,197`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A duration: `8 s`, `2 min 05 s`, `3 h 12 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** Bytes with a unit: `853 MB`. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}

/** A number with three or four significant digits, small and large ones with an exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return size >= 1000 ? count(value) : String(Number(value.toPrecision(4)));
}

/** A share in percent: `81 %`. */
export function percent(share: number | null): string {
  return share === null || Number.isNaN(share) ? '–' : `${Math.round(100 * share)} %`;
}

/** Where the run stands, in one sentence: `Stage 2 of 2, step 812 of 5,197, healthy, 3 h 12 min left`. */
export function headline(run: Pick<RunView, 'stage' | 'stages' | 'state' | 'alerts' | 'etaMs'>): string {
  const stage = run.stages[run.stage];
  if (stage === undefined) return 'No stage is known yet';
  const steps = stage.steps === null ? '' : ` of ${count(stage.steps)}`;
  const parts = [`Stage ${run.stage + 1} of ${run.stages.length}`, `step ${count(stage.step)}${steps}`, mood(run)];
  if (run.etaMs !== null && (run.state === 'running' || run.state === 'waiting' || run.state === 'paused'))
    parts.push(`${duration(run.etaMs)} left`);
  return parts.join(', ');
}

/** The state in words; a running run with alerts is not called healthy. */
export function mood(run: Pick<RunView, 'state' | 'alerts'>): string {
  if (run.state !== 'running' || run.alerts.length === 0) return STATE_WORDS[run.state];
  if (run.alerts.some(({ severity }) => severity === 'error')) return 'in trouble';
  return run.alerts.length === 1 ? 'running with a warning' : `running with ${run.alerts.length} warnings`;
}
