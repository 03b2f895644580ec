import type { ClientReadableStream } from '@grpc/grpc-js';
import { clientSecurity } from '@llava-ts/exchange';
import type { Entry } from '@llava-ts/exchange';
import { loadLlavaV1 } from '@llava-ts/protos';
import type { RunEventMessage, RunStatusMessage, StatusClient, StepStatusMessage } from '@llava-ts/protos';
import { errorLine } from '@llava-ts/telemetry';
import type { EventView } from '../view/run-view.js';
import type { StepRow } from '../view/step-series.js';
import type { RunStore } from './run-store.js';

/** A server that is followed. */
export interface ServerFollower {
  /** What it said last; null before it answered. */
  readonly status: RunStatusMessage | null;
  /** Whether it answers now. */
  readonly connected: boolean;
  /** Why not. */
  readonly failure: string;
  close(): void;
}

/** How to follow a server. */
export interface FollowServerOptions {
  /** host:port of the coordinator. */
  readonly address: string;
  readonly store: RunStore;
  /** Called after every piece of news. */
  readonly onNews: () => void;
  readonly entry?: Entry;
}

const INTERVAL_MS = 500;
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/** Watches a run through the Status service; asks again when the connection breaks, for as long as it takes. */
export function followServer(options: FollowServerOptions): ServerFollower {
  const { address, store, onNews, entry } = options;
  const security = clientSecurity(entry);
  const client = new (loadLlavaV1().Status)(address, security.credentials, security.options);
  const follower = { status: null as RunStatusMessage | null, connected: false, failure: '' };
  let lastEvent = { generation: 0, sequence: 0 };
  let reading: Promise<void> = Promise.resolve();
  let watch: ClientReadableStream<RunStatusMessage> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let waitMs = SHORTEST_WAIT_MS;

  const takeNews = async (status: RunStatusMessage): Promise<void> => {
    store.rewind({ stage: status.stage, step: status.step });
    if (isAhead(store, status)) await readHistory(client, store);
    lastEvent = takeEvents(store, status, lastEvent);
    Object.assign(follower, { status, connected: true, failure: '' });
    waitMs = SHORTEST_WAIT_MS;
    onNews();
  };
  const lose = (error: unknown): void => {
    watch?.cancel();
    watch = null;
    if (closed) return;
    Object.assign(follower, { connected: false, failure: errorLine(error) });
    onNews();
    timer = setTimeout(open, waitMs);
    waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
  };
  function open(): void {
    const stream = client.Watch({ intervalMs: INTERVAL_MS });
    let over = false;
    const end = (error: unknown): void => {
      if (over) return;
      over = true;
      void reading.then(() => lose(error));
    };
    watch = stream;
    stream.on('data', (status: RunStatusMessage) => {
      reading = reading.then(() => takeNews(status)).catch(end);
    });
    stream.on('error', end);
    stream.on('end', () => end(new Error('the server has stopped')));
  }
  open();
  return {
    get status() {
      return follower.status;
    },
    get connected() {
      return follower.connected;
    },
    get failure() {
      return follower.failure;
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      watch?.cancel();
      client.close();
    },
  };
}

/** Whether the server has applied steps that are not known here. */
function isAhead(store: RunStore, { lastStep }: RunStatusMessage): boolean {
  if (lastStep === null) return false;
  const known = store.newest();
  return (
    known === null || known.stage < lastStep.stage || (known.stage === lastStep.stage && known.step < lastStep.step)
  );
}

function readHistory(client: StatusClient, store: RunStore): Promise<void> {
  const known = store.newest();
  const after = known === null ? {} : { afterStage: known.stage, afterStep: known.step };
  return new Promise((resolve, reject) => {
    const stream = client.History({ ...after, most: 0 });
    stream.on('data', (step: StepStatusMessage) => store.addStep(rowOf(step)));
    stream.on('error', reject);
    stream.on('end', resolve);
  });
}

const unknownIfZero = (value: number): number => (value === 0 ? NaN : value);

function rowOf(step: StepStatusMessage): StepRow {
  const timing = (name: string): number => step.timingsMs[name] ?? NaN;
  return {
    stage: step.stage,
    step: step.step,
    atMs: unknownIfZero(step.finishedUnixMs),
    loss: step.loss,
    gradNorm: step.gradientNorm,
    learningRate: step.learningRate,
    labelTokens: step.labelTokens,
    samples: step.samples,
    ms: step.durationMs,
    dataMs: timing('data'),
    pullMs: timing('pull'),
    computeMs: timing('compute'),
    pushMs: timing('push'),
    waitMs: timing('wait'),
    applyMs: step.applyMs,
    tokens: unknownIfZero(step.tokens),
    skippedSamples: step.skippedSamples,
    truncatedSamples: step.truncatedSamples,
  };
}

const BAD_NEWS: readonly string[] = ['SNAPSHOT_FAILED', 'SHARD_LOST', 'LEASE_FAILED'];
const UNUSUAL_NEWS: readonly string[] = [
  'WORKER_LOST',
  'LEASE_EXPIRED',
  'LEASE_SKIPPED',
  'PUSH_REFUSED',
  'REWOUND',
  'WAITING',
];

/** Adds the events that are new since `last`; each start of the server counts from 1 again. */
function takeEvents(
  store: RunStore,
  { generation, events }: RunStatusMessage,
  last: { generation: number; sequence: number },
): { generation: number; sequence: number } {
  let { sequence } = generation === last.generation ? last : { sequence: 0 };
  for (const event of events) {
    if (event.sequence <= sequence) continue;
    sequence = event.sequence;
    store.addEvent(eventOf(event, store));
  }
  return { generation, sequence };
}

function eventOf({ kind, unixMs, subject, message, stage, step }: RunEventMessage, store: RunStore): EventView {
  const name = kind.replace('KIND_', '');
  return {
    atMs: unixMs,
    level: BAD_NEWS.includes(name) ? 'error' : UNUSUAL_NEWS.includes(name) ? 'warn' : 'info',
    kind: name.toLowerCase().replaceAll('_', '-'),
    message: subject === '' || message.includes(subject) ? message : `${subject}: ${message}`,
    row: step === 0 ? store.rowOf({ stage, step }) : store.rowOf({ stage, step: step - 1 }),
  };
}
