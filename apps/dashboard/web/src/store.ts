import { computed, signal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import type { EvaluationView, EventView, RunView } from '../../src/view/run-view.js';
import { createStepSeries, decodeRows } from '../../src/view/step-series.js';
import type { StepSeries } from '../../src/view/step-series.js';

/** How the page stands to its server. */
export type Connection = 'connecting' | 'live' | 'lost' | 'login';

/** The past of a run as far as it was fetched; `version` counts up when it grew. */
export interface RunPast {
  readonly series: Signal<{ readonly steps: StepSeries; readonly version: number }>;
  readonly events: Signal<readonly EventView[]>;
  readonly evaluations: Signal<readonly EvaluationView[]>;
}

export const connection = signal<Connection>('connecting');
export const mayControl = signal(false);
/** All runs, by id, in the order of the command line. */
export const runs = signal<ReadonlyMap<string, RunView>>(new Map());
/** Milliseconds since the last word from the server. */
export const silentMs = signal(0);

/** Silence after which the page says that what it shows is old: the server speaks at least every five seconds. */
const SILENCE_MS = 12_000;

/** Id of the run that the address names; the first one unless it does. */
const address = signal(window.location.hash);
window.addEventListener('hashchange', () => (address.value = window.location.hash));
export const page = computed(() => {
  const [, name = '', id = ''] = /^#\/(\w+)(?:\/(.+))?$/.exec(address.value) ?? [];
  return {
    name: name === '' ? 'run' : name,
    id: id === '' ? ([...runs.value.keys()][0] ?? '') : decodeURIComponent(id),
  };
});

const pasts = new Map<string, RunPast>();
const fetching = new Set<string>();
const revisions = new Map<string, number>();

/** The past of a run; it is fetched from the first call on. */
export function pastOf(id: string): RunPast {
  const known = pasts.get(id);
  if (known !== undefined) return known;
  const past: RunPast = {
    series: signal({ steps: createStepSeries(), version: 0 }),
    events: signal([]),
    evaluations: signal([]),
  };
  pasts.set(id, past);
  const run = runs.value.get(id);
  if (run !== undefined) void catchUp(run);
  return past;
}

/** Fetches what a run has and this page does not; one at a time for each run. */
async function catchUp(run: RunView): Promise<void> {
  const past = pasts.get(run.id);
  if (past === undefined || fetching.has(run.id)) return;
  fetching.add(run.id);
  try {
    if (revisions.get(run.id) !== run.revision) {
      past.series.value.steps.cut(0);
      past.evaluations.value = [];
      revisions.set(run.id, run.revision);
    }
    const { steps, version } = past.series.value;
    if (run.rows > steps.rows) {
      decodeRows(steps, await (await get(`${run.id}/steps?from=${steps.rows}`)).arrayBuffer());
      past.series.value = { steps, version: version + 1 };
    }
    await Promise.all([
      fetchMore(past.events, run.eventCount, `${run.id}/events`),
      fetchMore(past.evaluations, run.evaluationCount, `${run.id}/evaluations`),
    ]);
  } finally {
    fetching.delete(run.id);
  }
  const newest = runs.value.get(run.id);
  if (newest !== undefined && newest !== run) await catchUp(newest);
}

async function fetchMore<T>(list: Signal<readonly T[]>, total: number, path: string): Promise<void> {
  if (total === list.value.length) return;
  const from = total < list.value.length ? 0 : list.value.length;
  const more = (await (await get(`${path}?from=${from}`)).json()) as T[];
  list.value = [...list.value.slice(0, from), ...more];
}

async function get(path: string): Promise<Response> {
  const response = await fetch(`/api/runs/${path}`);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response;
}

/** Connects to the server and stays connected. */
export async function connect(): Promise<void> {
  const session = await fetch('/api/session').catch(() => null);
  if (session === null) {
    connection.value = 'lost';
    setTimeout(() => void connect(), 1000);
    return;
  }
  if (session.status === 401) {
    connection.value = 'login';
    return;
  }
  mayControl.value = ((await session.json()) as { control: boolean }).control;
  listen();
}

function listen(): void {
  const stream = new EventSource('/api/stream');
  let heardMs = performance.now();
  const timer = setInterval(() => {
    silentMs.value = performance.now() - heardMs;
    if (silentMs.value > SILENCE_MS) connection.value = 'lost';
  }, 1000);
  stream.addEventListener('run', (event) => {
    heardMs = performance.now();
    connection.value = 'live';
    const run = JSON.parse((event as MessageEvent<string>).data) as RunView;
    runs.value = new Map(runs.value).set(run.id, run);
    catchUp(run).catch(() => undefined); // the next message tries again
  });
  stream.addEventListener('error', () => {
    connection.value = 'lost';
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    clearInterval(timer);
    setTimeout(() => void connect(), 1000);
  });
}

/** Logs in; the answer says why not. */
export async function logIn(token: string): Promise<string | null> {
  const response = await fetch('/api/login', { method: 'POST', body: JSON.stringify({ token }) });
  if (!response.ok) return ((await response.json()) as { error: string }).error;
  connection.value = 'connecting';
  await connect();
  return null;
}

/** Steers a run. @returns what the server did, or why it did not */
export async function sendControl(
  id: string,
  action: string,
  token: string,
): Promise<{ readonly ok: boolean; readonly message: string }> {
  const response = await fetch(`/api/runs/${id}/control`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ action }),
  });
  const reply = (await response.json()) as { message?: string; error?: string };
  return { ok: response.ok, message: reply.message ?? reply.error ?? `status ${response.status}` };
}
