import type { RowOptions } from '@llava-ts/llava';
import { LlavaError } from '@llava-ts/telemetry';
import type { Assistant, EncodedPrompt } from '../model/assistant.js';

/** A prompt that wants an answer. */
export interface Job {
  readonly prompt: EncodedPrompt;
  readonly options: RowOptions;
  /** Gets every token as it is chosen. @returns whether the answer goes on */
  readonly onToken: (id: number) => boolean;
  /** Takes the job back: out of the queue, or its row out of the batch. */
  readonly signal: AbortSignal;
}

/** Why an answer ended: `stop` by an end token or by whoever reads it, `length` at its limit. */
export type Finish = 'stop' | 'length';

/** What is going on. */
export interface BatcherState {
  readonly waiting: number;
  readonly running: number;
}

/** Answers jobs in batches: those that wait when a batch begins are answered together, each with its own options. */
export interface Batcher {
  /**
   * Resolves when the answer has ended.
   * @throws LlavaError `unavailable` when too many wait or the batcher is closing, `cancelled` when the signal fires
   */
  submit(job: Job): Promise<Finish>;
  state(): BatcherState;
  /** Seconds until a place is likely to be free. */
  retryAfterS(): number;
  /** Takes no more jobs and waits until those it has are answered. */
  close(): Promise<void>;
}

/** Limits of a batcher. */
export interface BatcherOptions {
  readonly maxWaiting: number;
  /** How long the first job of a batch waits for others when nothing runs. */
  readonly gatherMs: number;
  readonly now: () => number;
  /** Told of every batch that begins, by its rows. */
  readonly onBatch?: (rows: number) => void;
}

interface Entry extends Job {
  finished: boolean;
  resolve(finish: Finish): void;
  reject(error: unknown): void;
}

/** Creates a batcher that owns the assistant's steps. */
export function createBatcher(
  assistant: Pick<Assistant, 'begin' | 'step' | 'batch' | 'images'>,
  options: BatcherOptions,
): Batcher {
  const waiting: Entry[] = [];
  let running: readonly Entry[] = [];
  let closing = false;
  let working: Promise<void> | null = null;
  let batchMs = 1000;

  const work = async (): Promise<void> => {
    if (waiting.length < assistant.batch) await new Promise((resolve) => setTimeout(resolve, options.gatherMs));
    while (waiting.length > 0) {
      running = takeBatch(waiting, assistant);
      options.onBatch?.(running.length);
      const began = options.now();
      await answer(assistant, running).catch((error: unknown) => running.forEach((entry) => fail(entry, error)));
      batchMs = 0.7 * batchMs + 0.3 * (options.now() - began);
      running = [];
    }
    working = null;
  };
  return {
    submit: (job) =>
      new Promise<Finish>((resolve, reject) => {
        if (closing) throw new LlavaError('unavailable', 'the server is shutting down');
        if (waiting.length >= options.maxWaiting)
          throw new LlavaError('unavailable', `${waiting.length} requests wait already; try again later`);
        const entry: Entry = { ...job, finished: false, resolve, reject };
        const withdraw = (): void => {
          const place = waiting.indexOf(entry);
          if (place >= 0) waiting.splice(place, 1);
          fail(entry, cancelled(job.signal));
        };
        if (job.signal.aborted) {
          withdraw();
          return;
        }
        job.signal.addEventListener('abort', withdraw, { once: true });
        waiting.push(entry);
        working ??= work();
      }),
    state: () => ({ waiting: waiting.length, running: running.filter(({ finished }) => !finished).length }),
    retryAfterS: () => Math.max(1, Math.ceil((batchMs * (1 + waiting.length / assistant.batch)) / 1000)),
    async close() {
      closing = true;
      await working;
    },
  };
}

/** The jobs that have waited longest, as many as rows and pictures allow. */
function takeBatch(waiting: Entry[], { batch, images }: Pick<Assistant, 'batch' | 'images'>): Entry[] {
  let pictures = 0;
  const full = waiting.findIndex(({ prompt }, index) => {
    pictures += prompt.pictures.length;
    return index === batch || (index > 0 && pictures > images);
  });
  return waiting.splice(0, full < 0 ? waiting.length : full);
}

async function answer(assistant: Pick<Assistant, 'begin' | 'step'>, entries: readonly Entry[]): Promise<void> {
  await assistant.begin({
    ids: entries.map(({ prompt }) => prompt.ids),
    pixels: joined(entries.flatMap(({ prompt }) => prompt.pictures)),
    rows: entries.map(({ options }) => options),
  });
  while (entries.some(({ finished }) => !finished)) {
    const ended = entries.flatMap(({ finished }, row) => (finished ? [row] : []));
    const { ids, stopped } = await assistant.step(ended);
    entries.forEach((entry, row) => {
      for (const id of ids[row] ?? []) if (!entry.finished && !entry.onToken(id)) finish(entry, 'stop');
      if (stopped[row] === 'eos') finish(entry, 'stop');
      else if (stopped[row] !== null) finish(entry, 'length');
    });
  }
}

function finish(entry: Entry, reason: Finish): void {
  if (entry.finished) return;
  entry.finished = true;
  entry.resolve(reason);
}

function fail(entry: Entry, error: unknown): void {
  if (entry.finished) return;
  entry.finished = true;
  entry.reject(error);
}

function cancelled(signal: AbortSignal): LlavaError {
  return signal.reason instanceof LlavaError
    ? signal.reason
    : new LlavaError('cancelled', 'the answer was cancelled', { cause: signal.reason });
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
